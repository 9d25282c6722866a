"""The output of journalctl in pieces of whole lines: what is there at once, about a megabyte at most."""

from __future__ import annotations

from typing import Protocol

_PIECE_BYTES = 1 << 20


class Output(Protocol):
    """What is read of."""

    def read(self, wait_secs: float) -> bytes | None:
        """What there is, empty after so long without anything; None: it has ended."""
        ...


class Pieces:
    """Of one run. A line that is longer than `most_bytes` is left out, and counted."""

    most_bytes = 16 << 20

    def __init__(self) -> None:
        self._whole: list[bytes] = []
        self._rest: list[bytes] = []
        self._rest_bytes = 0
        self._skipping = False
        self._left_out = 0

    def fill(self, output: Output, wait_secs: float) -> bool:
        """Read what there is, waiting for the first of it alone; whether the output has ended."""
        size = 0
        while size < _PIECE_BYTES:
            found = output.read(wait_secs)
            if not found:
                return found is None
            size += len(found)
            wait_secs = 0.0
            self._add(found)
        return False

    def lines(self) -> list[bytes]:
        """Those that are whole, once each, without their ends."""
        whole, self._whole = b"".join(self._whole), []
        return whole.split(b"\n")[:-1]

    def left_out(self) -> int:
        """How many since it was asked for last."""
        left_out, self._left_out = self._left_out, 0
        return left_out

    def _add(self, found: bytes) -> None:
        ends = found.rfind(b"\n") + 1
        if ends:
            begins = found.index(b"\n") + 1 if self._skipping else 0
            self._whole += [*self._rest, found[begins:ends]]
            self._rest, self._rest_bytes, self._skipping = [], 0, False
        if self._skipping or ends == len(found):
            return
        self._rest.append(found[ends:])
        self._rest_bytes += len(found) - ends
        if self._rest_bytes > self.most_bytes:
            self._rest, self._rest_bytes, self._skipping = [], 0, True
            self._left_out += 1
