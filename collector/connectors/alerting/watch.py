"""What a monitor knows of one group of records, and whether its condition holds. Pure; times in ns, of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgpack

from collector.connectors.alerting.monitor_config import MonitorConfig
from collector.connectors.alerting.routes import NANOS

_VERSION, _WITHOUT_SCALE = 2, 1
_PARTS = 12
_KEPT = 2 * _PARTS
"""What is late by no more than a window is counted where it happened."""
_MOST_WAIT = 30 * NANOS
_LOOK = 60 * NANOS
_GIVEN_UP = 24 * 3600 * NANOS


@dataclass(slots=True)
class Seen:
    """Of a group.

    Args:
        labels: what it is called by.
        began: since when it is watched.
        last: when its last record happened; 0 = none was seen.
        parts: number of a twelfth of the window → records in it.
        pending: since when the condition holds; 0 = it does not.
        firing: since when people are to know; 0 = not.
        untold: records that came since they were told.
        sample: a line.
        due: when it is looked at next, by the clock.
        scale: how long the twelfths are by whose numbers it is counted, ns; 0 = nothing is counted, or it is not known.
    """

    labels: dict[str, str]
    began: int
    last: int = 0
    parts: dict[int, int] = field(default_factory=dict)
    pending: int = 0
    firing: int = 0
    untold: int = 0
    sample: str = ""
    due: int = 0
    scale: int = 0

    def encode(self) -> bytes:
        """For the state, with its version in front."""
        kept: bytes = msgpack.packb([
            self.labels, self.began, self.last, self.parts, self.pending, self.firing, self.untold, self.sample, self.due,
            self.scale,
        ])  # fmt: skip
        return bytes([_VERSION]) + kept


def decode(data: bytes) -> Seen:
    """From the state. Raises `ValueError` for what a later logboom wrote."""
    if data[0] not in (_VERSION, _WITHOUT_SCALE):
        raise ValueError(f"a watched group of version {data[0]}")
    return Seen(*msgpack.unpackb(data[1:], strict_map_key=False))


class Condition:
    """What a monitor asks."""

    def __init__(self, config: MonitorConfig) -> None:
        self.config = config
        self.part = max(1, round(config.window * NANOS) // _PARTS)
        self.window = self.part * _PARTS
        self._absent = round((config.absent_for or 0) * NANOS)
        self._scale = 0 if self._absent else self.part
        self._pause = round(config.for_ * NANOS)
        self.grace = min(_MOST_WAIT, max(NANOS, (self._absent or self.window) // _PARTS))
        """How much later quiet is judged, so that what is on its way counts."""

    def begin(self, labels: dict[str, str], at: int) -> Seen:
        """A group that is watched from then on."""
        return Seen(labels, at, scale=self._scale)

    def resume(self, data: bytes, now: int) -> Seen:
        """From the state. What another configuration counted in other twelfths says nothing of these: it is counted anew."""
        seen = decode(data)
        if seen.scale != self._scale:
            seen.parts, seen.pending, seen.began, seen.scale = {}, 0, now, self._scale
        return seen

    def count(self, seen: Seen, part: int, records: int, last: int) -> None:
        """So many records happened in a twelfth, the last of them then."""
        seen.last = max(seen.last, last)
        if self.config.above is not None:
            seen.untold += records
        if not self._absent:
            seen.parts[part] = seen.parts.get(part, 0) + records

    def total(self, seen: Seen, at: int) -> int:
        """Records in the window that ends with the twelfth of that time."""
        newest = at // self.part
        return sum(n for part, n in seen.parts.items() if newest - _PARTS < part <= newest)

    def judge(self, seen: Seen, at: int, *, quiet: bool, late: int | None = None) -> bool:
        """Whether people are to know of it, as of then. Quiet is found only where `quiet` says that time has passed; its end at any time.
        `late`: a twelfth before that in which records happened that came just now."""
        holds = self._holds(seen, at) or (late is not None and self._held(seen, late, at))
        if holds and not quiet and self.config.above is None:
            holds = seen.pending > 0
        if not holds:
            seen.pending = seen.firing = 0
        elif not seen.pending:
            seen.pending = at
        if holds and not seen.firing and at - seen.pending >= self._pause:
            seen.firing = self._since(seen)
        newest = at // self.part
        seen.parts = {part: n for part, n in seen.parts.items() if part > newest - _KEPT}
        return seen.firing > 0

    def _holds(self, seen: Seen, at: int) -> bool:
        if self._absent:
            return at - max(seen.last, seen.began) >= self._absent
        if self.config.above is not None:
            return self.total(seen, at) > self.config.above
        return at - seen.began >= self.window and self.total(seen, at) < (self.config.below or 0)

    def _held(self, seen: Seen, part: int, at: int) -> bool:
        """Whether a window that has passed and holds that twelfth had too many."""
        if self.config.above is None:
            return False
        ends = range(part, min(part + _PARTS, at // self.part))
        return any(self.total(seen, end * self.part) > self.config.above for end in ends)

    def _since(self, seen: Seen) -> int:
        return max(seen.last, seen.began) if self._absent else seen.pending

    def next_look(self, seen: Seen, now: int) -> int:
        """When it is to be looked at again though nothing comes, by the clock; 0 = it can be forgotten."""
        look = max(NANOS, min(self.part, _LOOK))
        if self._absent:
            return (
                now + _LOOK if seen.firing else max(now + NANOS, max(seen.last, seen.began) + self._absent + self.grace)
            )
        if self.config.below is not None or seen.pending or seen.firing:
            return now + look
        return max(now + look, (max(seen.parts) + _KEPT) * self.part + self.grace) if seen.parts else 0

    def given_up(self, seen: Seen, at: int) -> bool:
        """A group that is quiet for a day beyond what was asked is gone for good."""
        quiet = at - max(seen.last, seen.began)
        return bool(self.config.group_by) and quiet >= _GIVEN_UP + max(self._absent, self.window)

    def sentence(self, seen: Seen, at: int) -> str:
        """How things stand."""
        name, config = self.config.name, self.config
        if config.absent_for is not None:
            return f"{name}: no record for {_span(config.absent_for)}"
        found = f"{name}: {self.total(seen, at):,} record{'' if self.total(seen, at) == 1 else 's'} in {_span(config.window)}"
        return (
            f"{found}, more than {config.above:,}"
            if config.above is not None
            else f"{found}, fewer than {config.below:,}"
        )


def labels_of(config: MonitorConfig, domain: str, groups: Mapping[str, str]) -> dict[str, str]:
    """Those of its alerts. No group's value stands for one that decides who is told."""
    own = {"domain": domain, "level": config.level, "rule": f"monitor/{config.name}"}
    return {**own, **groups, **own}


def _span(secs: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if secs >= length and secs % length == 0:
            return f"{secs / length:g}{unit}"
    return f"{secs:g}s"
