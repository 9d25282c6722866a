"""Text in datagrams. Nobody waits for an answer: what there is no room for is dropped, counted, and told."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import count

import xxhash

from collector.admission.admission import Admission, Answered
from collector.admission.entrance import Entrance
from collector.admission.nobody import Nobody
from collector.errors import InvalidPayload, Unavailable
from collector.ingress.datagram_pieces import LARGEST_PIECE, Datagram, DatagramPieces
from collector.ingress.listening import cannot_listen
from collector.ingress.offering import Offering
from collector.ingress.text_input import UdpInput, transport_of
from collector.ingress.text_pieces import Piece, Pieces
from collector.ingress.text_streams import Place
from collector.transport.endpoint import Endpoint
from collector.transport.serving.datagram_server import DatagramSocket

_log = logging.getLogger(__name__)
_WAITING_BYTES = 16 << 20
"""Of datagrams that were read, and that the journal does not have, with what each of them takes beside its bytes."""
_EACH_BYTES = 256
_MOST_AT_ONCE = 16_384
_IDLE_SECS, _BUSY_SECS = 0.5, 0.002
_SAY_AGAIN_SECS = 60.0


class TextDatagrams:
    """One listener: a thread that reads what has come while what came before is on its way to the disk."""

    per_process = True

    def __init__(self, place: Place, config: UdpInput, pieces: Pieces, domain: str = "") -> None:
        self._place, self._config, self._pieces, self._domain = place, config, pieces, domain
        self._nonce, self._numbers = secrets.token_bytes(16), count()
        self._making: DatagramPieces | None = None
        self._socket: DatagramSocket | None = None
        self._entrance: Entrance | None = None
        self._thread: threading.Thread | None = None
        self._leaving, self._ended = threading.Event(), threading.Event()
        self._beat = 0.0
        self._waiting: list[Datagram] = []
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
        self._making = DatagramPieces(self._config, self._pieces, self._socket.own)
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
        bound = self._socket
        if bound is None:
            return {}
        dropped = {"datagrams_cut": self._dropped, "datagrams_cut_by_kernel": bound.dropped()}
        return {"udp": {"waiting_bytes": self._waiting_bytes, "max_waiting_bytes": _WAITING_BYTES, **dropped}}

    def silent_secs(self) -> float:
        """Since its thread last went round; one that has died is silent for ever."""
        return time.monotonic() - self._beat if self._thread is not None and not self._leaving.is_set() else 0.0

    def _run(self) -> None:
        assert self._socket is not None
        offering = Offering(self._take, self._digest, self._submit)
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
            if left := len(self._waiting) + offering.left:
                self._drop(left)

    def _read(self, patience_secs: float) -> bool:
        """Whether anything came."""
        assert self._socket is not None
        if self._leaving.is_set() or self._waiting:
            time.sleep(_BUSY_SECS)  # the kernel gathers: no wake for each
        elif not self._socket.wait(patience_secs):
            return False
        found = self._socket.read()
        size = _memory(found)
        if self._waiting_bytes + size > _WAITING_BYTES:
            self._drop(len(found))
            return True
        self._waiting += found
        self._waiting_bytes += size
        return bool(found)

    def _take(self) -> list[Piece]:
        """What waits, as pieces: by sender, where records tell of theirs."""
        taken: list[Datagram] = []
        size = 0
        for each in self._waiting[:_MOST_AT_ONCE]:
            size += len(each[0])
            if taken and size > LARGEST_PIECE:
                break
            taken.append(each)
        del self._waiting[: len(taken)]
        self._waiting_bytes -= _memory(taken)
        assert self._making is not None
        return list(self._making.of(taken))

    def _submit(self, piece: Piece, digest: bytes, done: Answered) -> None:
        """Offer it once."""
        assert self._entrance is not None
        facts = Nobody(self._domain, str(piece.text.attributes.get("net.peer.ip", "")))
        try:
            self._entrance.submit(facts, piece.text.text, done, read=piece.read, digest=digest, text=True, held=True)
        except Exception as error:  # noqa: BLE001 - a defect of ours costs the piece and nothing else
            self._entrance.defect(error)
            done(self._entrance.refuse(InvalidPayload("it could not be taken"), piece.records))

    def _digest(self) -> bytes:
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


def _memory(datagrams: Sequence[Datagram]) -> int:
    return sum(len(data) for data, _ in datagrams) + _EACH_BYTES * len(datagrams)
