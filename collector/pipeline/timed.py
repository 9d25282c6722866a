"""Calls a component for what it is due for: by its own wish (`Ticking`), or by the core's, to tell all again (`Republishes`)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from collector.component import Due, Republishes, Ticking
from collector.pipeline.work import CORES_OWN, StepWork

AGAIN = f"{CORES_OWN}again "
"""What begins so is due by the core: an owner tells a domain again, from the hex digits on that follow. No component's own name does."""
Timed = Ticking | Republishes


@runtime_checkable
class AtStop(Ticking, Protocol):
    """What it is due for some time is due at an orderly stop, too: nobody knows when the next start is."""

    @property
    def due_at_stop(self) -> bool:
        """That it is so."""
        ...


def timed(component: object) -> Timed | None:
    """The component, if it may be due for something."""
    return component if isinstance(component, Ticking | Republishes) else None


def call(component: Timed, due: Due, work: StepWork) -> None:
    """What was due; what it was asked for and does not do any more is over."""
    if due.name.startswith(AGAIN):
        _tell_again(component, due, work)
    elif isinstance(component, Ticking):
        component.tick(due, work)


def _tell_again(component: Timed, due: Due, work: StepWork) -> None:
    """One piece; the next one is due at once."""
    if not isinstance(component, Republishes):
        return
    after = component.republish(due.domain, bytes.fromhex(due.name.removeprefix(AGAIN)), work)
    if after is not None:
        work.timers[due.component, due.domain, AGAIN + after.hex()] = work.now_unix_nano
