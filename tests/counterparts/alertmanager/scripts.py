"""Scripts of alerts, played to Alertmanager and to `alerting`; and what either decides: who is told what, when.

An alert is told at `from` and each half second after it, for the last time `lasts` before `to`: nothing says that it is over, it is so when nobody
told it for `lasts`. Times are seconds from the script's beginning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

GOLDEN = Path(__file__).parents[2] / "golden" / "alertmanager"
BEAT = 0.5
_TIMES = {"group_wait": "1s", "group_interval": "3s", "repeat_interval": "7s"}


class Spoken(NamedTuple):
    """Something happens. `what`: `alert`, `silence` or `kill`; `began` and `ends` are times, too."""

    at: float
    what: str
    labels: Mapping[str, str]
    began: float = 0.0
    ends: float = 0.0


class Decision(NamedTuple):
    """An exporter is told of a group: its alerts by their labels."""

    exporter: str
    group: str
    at: float
    status: str
    reason: str
    firing: Sequence[str]
    resolved: Sequence[str]


@dataclass(frozen=True, slots=True)
class Script:
    """See the module. `receivers`: name → exporters; the rest is in Alertmanager's words."""

    name: str
    seconds: float
    alerts: Sequence[Mapping[str, Any]]
    route: Mapping[str, Any] = field(default_factory=dict)
    receivers: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"ops": ["mail"]})
    inhibit_rules: Sequence[Mapping[str, Any]] = ()
    time_intervals: Sequence[Mapping[str, Any]] = ()
    silences: Sequence[Mapping[str, Any]] = ()
    kills: Sequence[float] = ()
    lasts: float = 1.0
    send_resolved: bool = True
    hurried: bool = True

    @property
    def root(self) -> dict[str, Any]:
        """The route, with times that tests can wait for (`hurried: false`: those that are so where nothing is written)."""
        return {"receiver": next(iter(self.receivers)), **(_TIMES if self.hurried else {}), **self.route}

    def spoken(self) -> list[Spoken]:
        """What happens, in its order."""
        found = [Spoken(at, "kill", {}) for at in self.kills]
        found += [Spoken(one["from"], "silence", one["labels"], one["from"], one["to"]) for one in self.silences]
        for one in self.alerts:
            beats = round((one["to"] - self.lasts - one["from"]) / BEAT) + 1
            began = one.get("began", one["from"])
            for at in (one["from"] + beat * BEAT for beat in range(beats)):
                found.append(Spoken(at, "alert", one["labels"], began, at + self.lasts))
        return sorted(found, key=lambda one: one.at)


def scripts() -> list[Script]:
    """All of them."""
    return [Script(**one) for one in yaml.safe_load((GOLDEN / "scripts.yaml").read_text())]


def named(labels: Mapping[str, str]) -> str:
    """A set of labels in a line, without those that only logboom has."""
    return json.dumps({key: labels[key] for key in sorted(labels) if key not in ("domain", "action", "rule")})


def alike(ours: Sequence[Decision], theirs: Sequence[Decision], within_secs: float = 0.5) -> Sequence[Decision]:
    """Ours; where each is one of theirs, at about the same time: theirs."""
    same = len(ours) == len(theirs) and all(
        own._replace(at=0.0) == other._replace(at=0.0) and abs(own.at - other.at) <= within_secs
        for own, other in zip(sorted(ours), sorted(theirs), strict=True)
    )
    return theirs if same else ours
