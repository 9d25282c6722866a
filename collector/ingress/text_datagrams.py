"""Text in datagrams. Nobody waits for an answer: what there is no room for is dropped, counted, and told."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count

import xxhash

from collector.admission.admission import Admission, Notice
from collector.admission.entrance import Entrance
from collector.admission.nobody import Nobody
from collector.errors import Refusal, Unavailable
from collector.ingress.cutting import Cut, Cutter
from collector.ingress.cutting_options import codec_of, cutter_of
from collector.ingress.host_names import HostNames, addresses
from collector.ingress.listening import cannot_listen
from collector.ingress.octets import Whole, joined, recoded
from collector.ingress.text_input import UdpInput, transport_of
from collector.ingress.text_pieces import Piece, Pieces
from collector.ingress.text_streams import Place
from collector.journal.text import WHITE
from collector.transport.endpoint import Endpoint
from collector.transport.serving.datagram_server import DatagramSocket, Sender

_log = logging.getLogger(__name__)
_TRAILING = bytes(range(32))
"""Cut off datagrams, as the Collector does."""
_LARGEST_PIECE = 1 << 20
_WAITING_BYTES = 16 << 20
"""Of datagrams that were read, and that the journal does not have."""
_IDLE_SECS, _BUSY_SECS = 0.5, 0.002
_GATHER_SECS = 0.025
"""Between two offers: under load an entry of the journal has many datagrams, and the first after a silence does not wait."""
_AGAIN_SECS = (0.05, 1.0)
_SAY_AGAIN_SECS = 60.0
Read = tuple[bytes, Sender]


class TextDatagrams:
    """One listener: a thread that reads what has come while what came before is on its way to the disk, one piece at a time.

    Args:
        cutter: makes what cuts one datagram; None: each is one record.
    """

    per_process = True

    def __init__(
        self, place: Place, config: UdpInput, pieces: Pieces, cutter: Callable[[], Cutter] | None, domain: str = ""
    ) -> None:
        self._place, self._config, self._pieces, self._cutter, self._domain = place, config, pieces, cutter, domain
        self._nonce, self._numbers = secrets.token_bytes(16), count()
        self._names = HostNames()
        self._socket: DatagramSocket | None = None
        self._entrance: Entrance | None = None
        self._thread: threading.Thread | None = None
        self._leaving, self._ended = threading.Event(), threading.Event()
        self._beat = 0.0
        self._waiting: list[Read] = []
        self._waiting_bytes = 0
        self._dropped = 0
        self._said_at = -_SAY_AGAIN_SECS

    def start(self, admission: Admission, *, share_port: bool = False) -> None:
        """Bind. Raises `ConfigError`: the address is in use or not ours."""
        address = self._config.listen_address
        self._entrance = Entrance(admission, self._place.receiver, admission.statistics().max_in_flight_bytes)
        try:
            self._socket = DatagramSocket(Endpoint.parse(address, transport_of(address)), share_port)
        except (OSError, ValueError) as error:
            raise cannot_listen(f"receivers.{self._place.receiver}", address, error, self._place.option) from error
        if self._config.add_attributes:
            self._names.known(self._socket.own[0])
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"datagrams of {self._place.receiver}", daemon=True)
        self._thread.start()

    def endpoints(self) -> Mapping[str, str]:
        """Protocol → the address bound."""
        return {"udp": self._socket.bound} if self._socket is not None else {}

    def leave(self, patience_secs: float) -> None:
        """See `HandsOver.leave`: what has come is read, then the socket is closed."""
        self._leaving.set()
        if self._thread is not None and self._thread.is_alive():
            assert self._socket is not None
            self._socket.wake()
            self._thread.join(patience_secs)

    def stop_intake(self) -> None:
        """As `leave`, for a moment; then nothing more is offered."""
        self.leave(1.0)
        self._ended.set()
        if self._entrance is not None:
            self._entrance.close()

    def shutdown(self, deadline_secs: float) -> None:
        """Let what is under way finish until the deadline; safe twice."""
        ends = time.monotonic() + deadline_secs
        self.leave(deadline_secs)
        self.stop_intake()
        if self._entrance is not None:
            self._entrance.wait_until_empty(max(0.0, ends - time.monotonic()))
        if self._thread is not None:
            self._thread.join(max(0.1, ends - time.monotonic()))
        self._socket = None

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """What waits, and what was dropped: for want of room here, and by the kernel."""
        if self._socket is None:
            return {}
        dropped = {"datagrams_cut": self._dropped, "datagrams_cut_by_kernel": self._socket.dropped()}
        return {"udp": {"waiting_bytes": self._waiting_bytes, "max_waiting_bytes": _WAITING_BYTES, **dropped}}

    def silent_secs(self) -> float:
        """Since its thread last went round."""
        return time.monotonic() - self._beat if self._thread is not None and self._thread.is_alive() else 0.0

    def _run(self) -> None:
        assert self._socket is not None
        offering = _Offering(self)
        try:
            while not self._ended.is_set():
                self._beat = time.monotonic()
                came = self._read(_BUSY_SECS if self._waiting or offering.busy else _IDLE_SECS)
                offering.go_on()
                if self._leaving.is_set() and not came and not self._waiting and not offering.busy:
                    break
        except OSError:
            _log.exception("%s: its socket is broken", self._place.receiver)
        finally:
            self._socket.close()

    def _read(self, patience_secs: float) -> bool:
        """Whether anything came."""
        assert self._socket is not None
        if self._leaving.is_set() or self._waiting:
            time.sleep(_BUSY_SECS)  # the kernel gathers: no wake for each
        elif not self._socket.wait(patience_secs):
            return False
        found = self._socket.read()
        size = sum(len(data) for data, _ in found)
        if self._waiting_bytes + size > _WAITING_BYTES:
            self._drop(len(found))
            return True
        self._waiting += found
        self._waiting_bytes += size
        return bool(found)

    def take(self) -> list[Piece]:
        """What waits, as pieces: by sender, where records tell of theirs."""
        taken: list[Read] = []
        size = 0
        for each in self._waiting:
            size += len(each[0])
            if taken and size > _LARGEST_PIECE:
                break
            taken.append(each)
        del self._waiting[: len(taken)]
        self._waiting_bytes -= sum(len(data) for data, _ in taken)
        return list(self._made(taken))

    def _made(self, taken: Sequence[Read]) -> Iterator[Piece]:
        if not self._config.add_attributes:
            yield from self._of([data for data, _ in taken], {})
            return
        by_sender: dict[Sender, list[bytes]] = {}
        for data, address in taken:
            by_sender.setdefault(address, []).append(data)
        for address, datagrams in by_sender.items():
            yield from self._of(datagrams, self._told(address))

    def _of(self, datagrams: Sequence[bytes], told: Mapping[str, str]) -> Iterator[Piece]:
        if self._cutter is None:
            whole = [data.rstrip(_TRAILING) for data in datagrams]
            text, ranges = joined([data for data in whole if data.strip(WHITE)])
            if ranges:
                yield self._pieces.of(text, ranges, len(ranges), told)
            return
        for data in datagrams:
            for cut in _cuts(self._cutter(), data.rstrip(_TRAILING)):
                yield from self._pieces.of_cut(cut, told)

    def _told(self, address: Sender) -> Mapping[str, str]:
        assert self._socket is not None
        ip, port = str(address[0]).removeprefix("::ffff:") if address else "", address[1] if address else 0
        if not ip:
            return {"net.transport": "Unix"}
        own, own_port = self._socket.own
        return {
            "net.transport": "IP.UDP",
            **addresses("peer", ip, port, self._names.known(ip)),
            **addresses("host", own, own_port, self._names.known(own)),
        }

    def submit(self, piece: Piece, digest: bytes, done: Callable[[Refusal | Notice | None], None]) -> None:
        """Offer it once."""
        assert self._entrance is not None
        facts = Nobody(self._domain, str(piece.text.attributes.get("net.peer.ip", "")))
        self._entrance.submit(facts, piece.text.text, done, read=piece.read, digest=digest, text=True)

    def digest(self) -> bytes:
        """Of the next piece: no two are the same, though they may hold the same."""
        return xxhash.xxh3_128_digest(self._nonce + str(next(self._numbers)).encode())

    def _drop(self, datagrams: int) -> None:
        self._dropped += datagrams
        assert self._entrance is not None
        self._entrance.refuse(Unavailable("no room for datagrams"), datagrams)
        now = time.monotonic()
        if now - self._said_at >= _SAY_AGAIN_SECS:
            self._said_at = now
            _log.warning(
                "%s: datagrams are dropped, %d so far: the journal takes none, or not as fast as they come",
                self._place.receiver, self._dropped,
            )  # fmt: skip


class _Offering:
    """The pieces that are on their way to the disk; those that there was no room for are offered again, as they are."""

    def __init__(self, owner: TextDatagrams) -> None:
        self._owner = owner
        self._again: list[tuple[Piece, bytes]] = []
        self._outcomes: list[tuple[Piece, bytes, Refusal | Notice | None]] = []
        self._under_way = 0
        self._not_before = 0.0
        self._pause = _AGAIN_SECS[0]

    @property
    def busy(self) -> bool:
        """Something is no entry yet."""
        return bool(self._under_way or self._again)

    def go_on(self) -> None:
        """See what became of those under way; when that is known of all, offer what is next."""
        while self._outcomes:
            self._settle(*self._outcomes.pop())
        now = time.monotonic()
        if self._under_way or now < self._not_before:
            return
        offered, self._again = self._again, []
        if not offered:
            offered = [(piece, self._owner.digest()) for piece in self._owner.take()]
        self._under_way = len(offered)
        self._not_before = now + _GATHER_SECS
        for piece, digest in offered:
            self._owner.submit(piece, digest, partial(self._answered, piece, digest))

    def _answered(self, piece: Piece, digest: bytes, outcome: Refusal | Notice | None) -> None:
        """From any thread."""
        self._outcomes.append((piece, digest, outcome))

    def _settle(self, piece: Piece, digest: bytes, outcome: Refusal | Notice | None) -> None:
        self._under_way -= 1
        if isinstance(outcome, Refusal) and outcome.retry_after_secs is not None:
            if not self._again:
                self._not_before = time.monotonic() + self._pause
                self._pause = min(2 * self._pause, _AGAIN_SECS[1])
            self._again.append((piece, digest))
        elif not self._again:
            self._pause = _AGAIN_SECS[0]


def cutting(given: UdpInput) -> Callable[[], Cutter] | None:
    """What cuts a datagram by its options; None: it is one record, and UTF-8 or bytes."""
    if given.multiline is not None and not given.one_log_per_packet:
        return partial(cutter_of, given.multiline, given.encoding, _LARGEST_PIECE)
    codec = codec_of(given.encoding)
    return None if codec in ("", "utf-8") else partial(recoded, Whole(_LARGEST_PIECE), codec)


def _cuts(cutter: Cutter, data: bytes) -> Iterator[Cut]:
    skipping = False
    with contextlib.suppress(ValueError):
        while data:
            cut = cutter.cut(data, last=True, skipping=skipping)
            if not cut.consumed:
                return
            yield cut
            data, skipping = data[cut.consumed :], cut.skipping
