"""What a configuration means, for people: of each level who is told, when, and again when; with all that routes have from above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collector.connectors.alerting.config import AlertingConfig, EscalationConfig
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


def _line(leaf: Leaf, asked: Sequence[Matcher], level: str, config: AlertingConfig) -> str:
    who = ", ".join(leaf.exporters) or "nobody"
    where = f"where {', '.join(map(str, asked))}: " if asked else ""
    if leaf.digest is not None:
        at = f" at {leaf.digest.at} {leaf.digest.location}" if leaf.digest.at else ""
        return f"{where}{who}, counted, in a digest each {span(round(leaf.digest.every * NANOS))}{at}"
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
    steps = ", ".join(f"{', '.join(step.notify)} after {span(round(step.after * NANOS))}" for step in escalation.steps)
    times = f", gone through {escalation.repeat + 1} times" if escalation.repeat else ""
    return f"unacknowledged: {steps}{times}; an acknowledgement holds {span(round(escalation.ack_timeout * NANOS))}"


def span(nanos: int) -> str:
    """A time, as configurations write it: `1h30m`."""
    seconds, found = nanos / NANOS, ""
    for unit, size in _UNITS[:-1]:
        whole, seconds = divmod(seconds, size)
        found += f"{whole:g}{unit}" if whole else ""
    return found + (f"{seconds:g}s" if seconds or not found else "")
