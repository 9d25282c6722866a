"""The block `service.privacy`: personal data, and what must stay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal, TypedDict

from pydantic import Field, field_validator

from collector.component import Config
from collector.holds import Hold, Holds
from collector.moments import moment

Level = Literal["critical", "warning", "info", "debug"]
_DAY_SECS = 86_400


class HoldConfig(Config):
    """A legal hold: nothing of a domain is deleted here, whatever retention says, and an erasure is refused."""

    domain: str = Field(min_length=1, max_length=253)
    """Whose."""
    levels: list[Level] = []
    """Records of these levels alone; empty = of all. Events, counts and dead letters of the domain stay whichever are named."""
    reason: str = Field(min_length=1, max_length=500)
    """Why, for whoever is refused and for `logboom privacy status`."""
    until: str = ""
    """Its last day (`2027-01-31`, UTC), or when it ends (`2027-01-31T12:00:00Z`); empty = when it is taken out of the configuration."""

    @field_validator("until", mode="before")
    @classmethod
    def _a_date(cls, value: object) -> object:
        """YAML makes a date of what looks like one."""
        text = value.isoformat() if hasattr(value, "isoformat") else value
        if isinstance(text, str) and text:
            try:
                datetime.fromisoformat(text)
            except ValueError:
                raise ValueError(f"{text!r} is no time: write 2027-01-31") from None
        return text

    def hold(self) -> Hold:
        """The same for whoever deletes."""
        return Hold(self.domain, self.reason, frozenset(map(str, self.levels)), self._end() * 10**9)

    def _end(self) -> int:
        """Seconds since the epoch; 0: none."""
        if not self.until:
            return 0
        return moment(self.until, 0) + (_DAY_SECS if len(self.until) == len("2027-01-31") else 0)


class PrivacyConfig(Config):
    """The `privacy:` block: personal data, and what must stay."""

    subject_attributes: list[str] = ["user.id", "enduser.id", "user.email"]
    """Attributes whose value names a person, where `logboom privacy` is told a value alone."""
    holds: list[HoldConfig] = []
    """Legal holds."""

    def standing(self) -> Holds:
        """The same for whoever deletes."""
        return Holds(tuple(hold.hold() for hold in self.holds))


class ShownHold(TypedDict):
    """A hold as people and programs are shown it; `until`: a moment, or empty."""

    domain: str
    levels: list[str]
    reason: str
    until: str
    stands: bool


def described(holds: Holds, now_unix_nano: int | None = None) -> Iterator[ShownHold]:
    """Each of them."""
    now = time.time_ns() if now_unix_nano is None else now_unix_nano
    for hold in holds.all:
        until = datetime.fromtimestamp(hold.until_unix_nano // 10**9, UTC).isoformat() if hold.until_unix_nano else ""
        yield {
            "domain": hold.domain, "levels": sorted(hold.levels), "reason": hold.reason, "until": until,
            "stands": hold.stands(now),
        }  # fmt: skip
