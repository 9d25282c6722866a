"""What a configuration means, for people: of each level who is told, when, and again when; with all that routes have from above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collector.connectors.alerting.config import AlertingConfig, EscalationConfig
from collector.connectors.alerting.monitor_config import MonitorConfig
from collector.connectors.alerting.routes import ALL, NANOS, Leaf, Routes
from collector.connectors.alerting.words import LEVELS
from collector.matchers import Matcher

_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def who_is_told(config: AlertingConfig) -> Iterator[tuple[str, str]]:
    """Level and sentence, the worst level first; a level that may reach several routes has a line for each, with what its alert must be."""
    routes = Routes(config)
    for level in reversed(LEVELS):
        found = list(routes.reached(level))
        lines = [_line(leaf, asked, level, config) for leaf, asked in found]
        yield level, "\n".join(lines) or "nobody: no route asks for this level, or counts it"


def what_is_watched(config: AlertingConfig) -> Iterator[tuple[str, str]]:
    """Monitor and sentence."""
    for one in config.monitors:
        by = f", for each {', '.join(one.labels)}" if one.group_by else ""
        held = f" without a break for {_seconds(one.for_)}" if one.for_ else ""
        yield f"monitor {one.name}", f"{one.level} when {_condition(one)}{held}{by}: {one.query}"


def what_is_reported(config: AlertingConfig) -> Iterator[tuple[str, str]]:
    """Report and sentence."""
    for at, one in enumerate(config.reports):
        when = f" at {one.at} {one.location}" if one.at else ""
        whose = ", ".join(one.domains) or "each domain"
        yield f"report {at + 1}", f"{', '.join(one.to)}, each {_seconds(one.every)}{when}, of {whose}"


def _condition(one: MonitorConfig) -> str:
    if one.absent_for is not None:
        return f"no record comes for {_seconds(one.absent_for)}"
    most = f"more than {one.above}" if one.above is not None else f"fewer than {one.below}"
    return f"{most} records come within {_seconds(one.window)}"


def _seconds(seconds: float) -> str:
    return span(round(seconds * NANOS))


def _line(leaf: Leaf, asked: Sequence[Matcher], level: str, config: AlertingConfig) -> str:
    who = ", ".join(leaf.exporters) or "nobody"
    where = f"where {', '.join(map(str, asked))}: " if asked else ""
    if leaf.digest is not None:
        at = f" at {leaf.digest.at} {leaf.digest.location}" if leaf.digest.at else ""
        return f"{where}{who}, counted, in a digest each {_seconds(leaf.digest.every)}{at}"
    parts = [
        f"{where}{who}, {_first(leaf, level)}", f"grouped by {_by(leaf)}", f"news each {span(leaf.interval)}",
        f"again each {span(leaf.repeat)}", f"over after {span(leaf.resolve_after)} without records",
    ]  # fmt: skip
    parts += [] if leaf.send_resolved else ["its end is not told"]
    parts += [f"not at times of {', '.join(leaf.muted)}"] if leaf.muted else []
    parts += [f"at times of {', '.join(leaf.active_at)} alone"] if leaf.active is not None else []
    escalation = config.escalations.get(leaf.escalation)
    return "; ".join([*parts, *([_chain(escalation)] if escalation else [])])


def _first(leaf: Leaf, level: str) -> str:
    wait = leaf.waits(level)
    return f"first after {span(wait)}" if wait else "at once"


def _by(leaf: Leaf) -> str:
    return "all labels" if leaf.group_by == ALL else ", ".join(dict.fromkeys(["domain", *leaf.group_by]))


def _chain(escalation: EscalationConfig) -> str:
    steps = ", ".join(f"{', '.join(step.notify)} after {_seconds(step.after)}" for step in escalation.steps)
    times = f", gone through {escalation.repeat + 1} times" if escalation.repeat else ""
    return f"unacknowledged: {steps}{times}; an acknowledgement holds {_seconds(escalation.ack_timeout)}"


def span(nanos: int) -> str:
    """A time, as configurations write it: `1h30m`."""
    seconds, found = nanos / NANOS, ""
    for unit, size in _UNITS[:-1]:
        whole, seconds = divmod(seconds, size)
        found += f"{whole:g}{unit}" if whole else ""
    return found + (f"{seconds:g}s" if seconds or not found else "")
