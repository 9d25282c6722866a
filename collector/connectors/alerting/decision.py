"""Whether a group is told to an exporter now. Pure.

Source: Alertmanager, `notify/notify.go`, `DedupStage.needsUpdate`; with two differences: what was never told to an exporter is not told to be
over, and an exporter that hears of no end (`send_resolved: false`) forgets quietly.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """Why a message is sent."""

    FIRST = "first notification"
    NEW = "new alerts added"
    SOME_RESOLVED = "some alerts resolved"
    RESOLVED = "all alerts resolved"
    REPEAT = "repeat interval elapsed"
    ESCALATION = "nobody acknowledged it"
    APPROVAL = "a response waits for approval"
    DIGEST = "digest"
    ACKNOWLEDGED = "somebody acknowledged it"
    HEARTBEAT = "heartbeat"
    REPORT = "report"
    TEST = "test"
    LIMITED = "more groups than are told one by one"


@dataclass(slots=True)
class Told:
    """What an exporter was told last of a group. `firing`: the alerts that it knows of as going on; `at` in ns."""

    sequence: int = 0
    at: int = 0
    firing: frozenset[str] = field(default_factory=frozenset)


def decide(
    told: Told | None, firing: Set[str], over: Set[str], now: int, repeat: int, *, send_resolved: bool
) -> Reason | None:
    """The reason to send, or None.

    Args:
        told: None: nothing yet.
        firing, over: the alerts of the group by fingerprint, without those that are kept back.
        repeat: after how long what goes on is told again.
    """
    if told is None or (not told.firing and firing):
        return Reason.FIRST if firing else None
    if firing - told.firing:
        return Reason.NEW
    ended = told.firing & over
    if not firing:
        return Reason.RESOLVED if ended and send_resolved else None
    if ended and send_resolved:
        return Reason.SOME_RESOLVED
    return Reason.REPEAT if now - told.at >= repeat else None
