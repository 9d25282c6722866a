"""The watch of a domain between steps: in memory as a cache, on disk as what it was some minutes ago and all that was observed since.

    head       xxh3 of all that was ever written: what is in memory is of this state, or is read anew
    log/<n>    observations and ends of minutes since the last picture, some 4 KiB each
    s/<part>   the picture: chunks of tables; only those that changed are written

A step writes some bytes for what it says. A picture is taken when the log is longer than a part of it, at least each half hour;
replaying the log gives the same watch, for nothing in it looks at a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import xxhash

from collector.component import State
from processors.anomalies import memory
from processors.anomalies.findings import Finding
from processors.anomalies.forgetting import shrink
from processors.anomalies.observation import Observation, frame, frames
from processors.anomalies.watch import Watch

_HEAD, _LOG, _PICTURE = b"head", b"log/", b"s/"
_PIECE = 3_500
_LOG_BYTES = 256 * 1024
_MINUTES = 30


@dataclass(slots=True)
class Kept:
    """A watch, and how much of its state is on disk. `head`: of the state that it is."""

    watch: Watch
    head: bytes = b""
    piece: int = 0
    open_piece: bytes = b""
    log_bytes: int = 0
    closes: int = 0
    picture_bytes: int = 0
    pictured: dict[bytes, int] = field(default_factory=dict)
    """Part of the picture → hash."""


class Keeping:
    """The watches of all domains.

    Args:
        most_series: of a domain.
    """

    def __init__(self, most_series: int) -> None:
        self._most = most_series
        self._kept: dict[str, Kept] = {}

    def watch(self, domain: str, state: State) -> Watch:
        """As of the state."""
        return self._of(domain, state).watch

    def observe(self, domain: str, state: State, seen: Observation) -> list[Finding]:
        """Learn it; what is to be told."""
        kept = self._of(domain, state)
        before = kept.watch.closed
        told = kept.watch.apply(seen)
        self._write(kept, state, frame([0, seen.packed()]), kept.watch.closed - before)
        return told

    def close(self, domain: str, state: State, minute: int) -> list[Finding]:
        """A minute is over."""
        kept = self._of(domain, state)
        before = kept.watch.closed
        told = kept.watch.close(minute)
        self._write(kept, state, frame([1, minute]), kept.watch.closed - before)
        return told

    def _of(self, domain: str, state: State) -> Kept:
        head = state.get(_HEAD) or b""
        kept = self._kept.get(domain)
        if kept is None or kept.head != head:
            kept = self._kept[domain] = self._read(state, head)
        return kept

    def _read(self, state: State, head: bytes) -> Kept:
        parts = {name.removeprefix(_PICTURE): value for name, value in state.scan(_PICTURE)}
        found = memory.loaded(parts, self._most) if parts else Watch(self._most)
        kept = Kept(found or Watch(self._most), head)
        kept.pictured = {name: xxhash.xxh3_64_intdigest(value) for name, value in parts.items()}
        kept.picture_bytes = memory.row_bytes(parts.values())
        log = state.scan(_LOG)
        if found is None:
            return kept
        for _, piece in log:
            before = kept.watch.closed
            for what, said in frames(piece):
                if what == 0:
                    kept.watch.apply(Observation.unpacked(said))
                else:
                    kept.watch.close(said)
            kept.closes += max(0, kept.watch.closed - max(before, 0)) if before >= 0 else 0
            kept.log_bytes += len(piece)
        if log:
            kept.piece, kept.open_piece = int(log[-1][0].removeprefix(_LOG)), log[-1][1]
        return kept

    def _write(self, kept: Kept, state: State, entry: bytes, closed: int) -> None:
        kept.head = xxhash.xxh3_64_digest(kept.head + entry)
        state.put(_HEAD, kept.head)
        if len(kept.open_piece) + len(entry) > _PIECE and kept.open_piece:
            kept.piece += 1
            kept.open_piece = b""
        kept.open_piece += entry
        kept.log_bytes += len(entry)
        kept.closes += max(0, min(closed, _MINUTES))
        if closed > 0 and (kept.closes >= _MINUTES or kept.log_bytes > max(_LOG_BYTES, kept.picture_bytes // 2)):
            self._picture(kept, state)
        else:
            state.put(_log_name(kept.piece), kept.open_piece)

    def _picture(self, kept: Kept, state: State) -> None:
        excess = state.excess_bytes()
        if excess:
            shrink(kept.watch, excess / max(kept.picture_bytes + kept.log_bytes, excess))
        parts = memory.dumped(kept.watch)
        hashes = {name: xxhash.xxh3_64_intdigest(value) for name, value in parts.items()}
        for name, value in parts.items():
            if kept.pictured.get(name) != hashes[name]:
                state.put(_PICTURE + name, value)
        for name in kept.pictured.keys() - parts.keys():
            state.delete(_PICTURE + name)
        for piece in range(kept.piece + 1):
            state.delete(_log_name(piece))
        kept.pictured, kept.picture_bytes = hashes, memory.row_bytes(parts.values())
        kept.piece, kept.open_piece, kept.log_bytes, kept.closes = 0, b"", 0, 0


def _log_name(piece: int) -> bytes:
    return _LOG + b"%08d" % piece
