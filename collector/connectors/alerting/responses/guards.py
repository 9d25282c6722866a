"""Why something is not done now. Pure; asked when it is proposed, when it is approved, and once more when an exporter is about to act."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from collector.connectors.alerting.responses.book import Deployed, History, Overall
from collector.connectors.alerting.responses.config import ResponseConfig, ResponseLimitsConfig
from collector.responses.response import Response

_One = TypeVar("_One")
HOUR = 3600 * 10**9
NANOS = 10**9


class Held(NamedTuple):
    """A guard, and what it says."""

    guard: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What guards look at. `busy`: how many other targets of the response are under way or cool down; `instances`: how many told the group
    lately, and after the last response ended; `deployed`: the last deployment of the service."""

    now: int
    history: History
    overall: Overall
    busy: int
    instances: int
    deployed: Deployed | None

    def without(self, one: Response) -> Facts:
        """As they would be if it had not been started."""
        history = replace(
            self.history,
            started=_less(self.history.started, one.started),
            taken_back=_less(self.history.taken_back, one.deployment) if one.started else self.history.taken_back,
        )
        return replace(
            self, history=history, overall=replace(self.overall, started=_less(self.overall.started, one.started))
        )


def to_begin(config: ResponseConfig, limits: ResponseLimitsConfig, facts: Facts) -> Held | None:
    """What speaks against starting it."""
    now = facts.now
    if not limits.enabled:
        return Held("switch", "responses are off in the configuration")
    if facts.overall.stopped:
        return Held("switch", f"responses were stopped by {facts.overall.stopped}: logboom responses resume")
    if facts.history.breaker:
        return Held("breaker", "its breaker is open: a person closes it with logboom responses reset")
    if _lately(facts.history.started, now) >= config.max_per_hour:
        return Held("hourly", f"{config.max_per_hour} in the last hour on this target")
    if _lately(facts.overall.started, now) >= limits.max_per_hour:
        return Held("hourly", f"{limits.max_per_hour} in the last hour in this domain")
    return _of_deployments(config, facts)


def to_propose(config: ResponseConfig, limits: ResponseLimitsConfig, facts: Facts) -> Held | None:
    """What speaks against proposing it; all of `to_begin`, too."""
    if facts.instances < config.min_instances:
        told = f"{facts.instances} instance{'' if facts.instances == 1 else 's'} told it in the last five minutes"
        return Held("quorum", f"{told}, {config.min_instances} are needed")
    if (held := to_begin(config, limits, facts)) is not None:
        return held
    if facts.history.ended and facts.now < facts.history.ended + config.cooldown * NANOS:
        return Held("cooldown", f"the last one on this target ended less than {config.cooldown:g} s ago")
    most = max(1, math.floor(config.max_share * len(config.all_targets)))
    if facts.busy >= most:
        return Held(
            "share", f"{facts.busy} of {len(config.all_targets)} targets are under way or cool down, {most} may be"
        )
    return None


def _of_deployments(config: ResponseConfig, facts: Facts) -> Held | None:
    last, now = facts.deployed, facts.now
    if not config.rollback_within:
        if last is not None and now < last.at + config.quiet_after_deployment * NANOS:
            return Held(
                "deployment",
                f"{last.service} {last.version} was deployed less than {config.quiet_after_deployment:g} s ago",
            )
        return None
    if last is None or now > last.at + config.rollback_within * NANOS:
        return Held("nothing", f"there is no deployment of the last {config.rollback_within:g} s to take back")
    if last.again:
        return Held("rollback", f"the deployment of {last.version} was a rollback itself")
    if last.id in facts.history.taken_back:
        return Held("rollback", f"the deployment of {last.version} was taken back before")
    return None


def _less(all_: Sequence[_One], one: _One) -> list[_One]:
    """All but the last that is `one`."""
    found = list(all_)
    if one in found:
        del found[len(found) - 1 - found[::-1].index(one)]
    return found


def _lately(times: Sequence[int], now: int) -> int:
    return sum(at + HOUR > now for at in times)
