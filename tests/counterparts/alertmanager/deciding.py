"""The same scripts, played to `alerting` in virtual time. A death is a new connector on what was committed: also in the middle of a step, whose
decisions are then gone with it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from collector.connectors.alerting.words import SILENCE
from counterparts.alerting_life import SECOND, START, Life
from counterparts.alertmanager.scripts import Decision, Script, Spoken, named


def decided(script: Script) -> list[Decision]:
    """What `alerting` decides of it."""
    life = Life(**options(script))
    found: list[Decision] = []
    for one in script.spoken():
        _wait(life, one.at, found)
        _say(life, script, one)
        found += _taken(life)
    _wait(life, script.seconds, found)
    return sorted(found)


def options(script: Script) -> dict[str, Any]:
    """Its configuration."""
    route = {**script.root, "resolve_after": f"{script.lasts}s", "send_resolved": script.send_resolved}
    return {
        "route": route, "receivers": dict(script.receivers), "inhibit_rules": list(script.inhibit_rules),
        "time_intervals": list(script.time_intervals), "max_alerts": 100,
    }  # fmt: skip


def _wait(life: Life, until: float, found: list[Decision]) -> None:
    """Time passes; what is due happens at its time."""
    end = START + round(until * SECOND)
    while life.work.timers and min(life.work.timers.values()) <= end:
        life.wait(max(0, min(life.work.timers.values()) - life.work.now_unix_nano))
        found += _taken(life)
    life.wait(max(0, end - life.work.now_unix_nano))


def _say(life: Life, script: Script, one: Spoken) -> None:
    if one.what == "kill":
        _kill(life, script)
    elif one.what == "silence":
        matchers = ", ".join(f'{key}="{value}"' for key, value in one.labels.items())
        life.command(SILENCE, matchers=matchers, seconds=one.ends - one.began)
    else:
        labels: dict[str, Any] = {key: value for key, value in one.labels.items() if key != "level"}
        life.tell(one.labels["level"], began=START + round(one.began * SECOND), **labels)


def _kill(life: Life, script: Script) -> None:
    """A step is decided and dies before it commits; what comes after knows what was committed, and nothing else."""
    committed, now = deepcopy(life.work), life.work.now_unix_nano
    if life.work.timers:
        life.wait(max(0, min(life.work.timers.values()) - now))
    life.work = committed
    life.connector = life.made(options(script))


def _taken(life: Life) -> list[Decision]:
    """What was told since the last call."""
    at = (life.work.now_unix_nano - START) / SECOND
    notices = life.notices()
    found = []
    for one in notices:
        alerts = {
            status: sorted(named(each.labels) for each in one.alerts if each.status == status)
            for status in ("firing", "resolved")
        }
        found.append(Decision(one.exporter, named(one.labels), at, one.status, one.reason, **alerts))
    return found
