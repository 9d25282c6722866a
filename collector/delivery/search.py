"""When to stop looking for the record that is to blame."""

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

    @property
    def hopeless(self) -> str | None:
        """The common reason once it is enough."""
        return self._reason if self._in_a_row >= self._ENOUGH else None

    def found_bad(self, reason: str) -> None:
        """A single record was refused."""
        self._in_a_row = self._in_a_row + 1 if reason == self._reason else 1
        self._reason = reason

    def found_good(self, records: int) -> None:
        """Records were delivered."""
        if records:
            self._in_a_row = 0
