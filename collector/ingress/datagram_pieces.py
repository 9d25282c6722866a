"""Datagrams as pieces of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from collector.ingress.cutting import Cut, Cutter
from collector.ingress.cutting_options import codec_of, cutter_of
from collector.ingress.host_names import HostNames, addresses
from collector.ingress.octets import Whole, joined, recoded
from collector.ingress.text_input import UdpInput
from collector.ingress.text_pieces import Piece, Pieces
from collector.journal.text import WHITE
from collector.transport.serving.datagram_server import Sender

_TRAILING = bytes(range(32))
"""Cut off datagrams, as the Collector does."""
LARGEST_PIECE = 1 << 20
Datagram = tuple[bytes, Sender]


class DatagramPieces:
    """Makes them: by sender, where records tell of theirs.

    Args:
        own: the address that they were sent to.
    """

    def __init__(self, given: UdpInput, pieces: Pieces, own: Sender) -> None:
        self._given, self._pieces, self._own = given, pieces, own
        self._cutter = cutting(given)
        self._names = HostNames()
        if given.add_attributes:
            self._names.known(own[0])

    def of(self, taken: Sequence[Datagram]) -> Iterator[Piece]:
        """What is in them."""
        if not self._given.add_attributes:
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
        ip, port = str(address[0]).removeprefix("::ffff:") if address else "", address[1] if address else 0
        if not ip:
            return {"net.transport": "Unix"}
        own, own_port = self._own
        return {
            "net.transport": "IP.UDP",
            **addresses("peer", ip, port, self._names.known(ip)),
            **addresses("host", own, own_port, self._names.known(own)),
        }


def cutting(given: UdpInput) -> Callable[[], Cutter] | None:
    """What cuts a datagram by its options; None: it is one record, and UTF-8 or bytes."""
    if given.multiline is not None and not given.one_log_per_packet:
        return partial(cutter_of, given.multiline, given.encoding, LARGEST_PIECE)
    codec = codec_of(given.encoding)
    return None if codec in ("", "utf-8") else partial(recoded, Whole(LARGEST_PIECE), codec)


def _cuts(cutter: Cutter, data: bytes) -> Iterator[Cut]:
    skipping = False
    while data:
        cut = cutter.cut(data, last=True, skipping=skipping)
        if not cut.consumed:
            return
        yield cut
        data, skipping = data[cut.consumed :], cut.skipping
