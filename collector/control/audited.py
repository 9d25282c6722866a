"""Which control records are audited: commands of people, and the events that say so of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collector.control.catalogue import SERVICE_EVENTS


def audited_kinds(commands: Iterable[str]) -> Sequence[str]:
    """Their names. `commands`: those that somebody takes. What became of one is told by an event; that it was asked for is audited."""
    return (*sorted(commands), *sorted(name for name, event in SERVICE_EVENTS.items() if event.audited))
