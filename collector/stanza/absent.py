"""What a field holds that is not there: not null, which is a value."""

from __future__ import annotations

from typing import Any, Final


class Absent:
    """The one there is."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()
Value = Any
"""str, bool, int, float, bytes, list, dict, None, or `ABSENT`."""
