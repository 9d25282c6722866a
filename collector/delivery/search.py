"""What the pieces of one request say: when to stop looking for the record that is to blame, and which size is taken."""

from __future__ import annotations


class Search:
    """The search for records that a destination cannot take, within one request.

    When it refuses one single record after the other, all for one reason, the fault is not in single records: the rest
    of the request follows them without being tried. It is replayable, and the destination is spared thousands of calls.
    """

    _ENOUGH = 32

    def __init__(self) -> None:
        self._reason = ""
        self._in_a_row = 0
        self._bad = False
        self._refused_size = False
        self._largest = 0

    @property
    def hopeless(self) -> str | None:
        """The common reason once it is enough."""
        return self._reason if self._in_a_row >= self._ENOUGH else None

    @property
    def size_taken(self) -> int | None:
        """The bytes of the largest piece that was taken, when the whole was refused for its size and no single record was
        to blame; else None."""
        return self._largest if self._refused_size and self._largest and not self._bad else None

    def too_large(self) -> None:
        """The request, or a piece of it, was refused for its size."""
        self._refused_size = True

    def found_bad(self, reason: str) -> None:
        """A single record was refused."""
        self._bad = True
        self._in_a_row = self._in_a_row + 1 if reason == self._reason else 1
        self._reason = reason

    def found_good(self, records: int, size_bytes: int) -> None:
        """Records were delivered, in a piece of that size."""
        if records:
            self._in_a_row = 0
            self._largest = max(self._largest, size_bytes)
