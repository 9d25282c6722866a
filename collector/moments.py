"""Times as people write them: a date, a date and time, or how long from now."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from collector.units import parse_duration

_DAYS = re.compile(r"(\d+(?:\.\d+)?)d")
_DAY_SECS = 86_400.0


def seconds(text: str) -> float:
    """`90d`, `36h`, `15m`. Raises ValueError."""
    days = _DAYS.fullmatch(text.strip())
    return float(days[1]) * _DAY_SECS if days else parse_duration(text)


def moment(text: str, now: float) -> int:
    """`90d` (from now), `2027-01-31`, `2027-01-31T12:00:00Z` (without a zone: UTC) as seconds since the epoch. Raises ValueError."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return int(now + seconds(text))
        except ValueError:
            raise ValueError(f"{text!r} is no time: write 90d, or 2027-01-31") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def shown(at: int | None) -> str:
    """A time for people, in UTC; empty for none."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") if at is not None else ""
