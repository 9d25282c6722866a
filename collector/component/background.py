"""What components of a process do beside the steps: a watcher, a look-up that is under way. It has threads of its own, and no step waits for it longer
than its component says.

One component has an instance in each pipeline and partition; what helps it is one for all of them, by the component's id. It is made without I/O, started
when the process starts, and ended with it. Nothing starts what was made where nothing runs (`logboom validate`, an explanation): it knows nothing then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar


class Helper(Protocol):
    """`start` begins its threads and returns at once; `shutdown` ends them, and is safe twice and without `start`."""

    def start(self) -> None: ...
    def shutdown(self) -> None: ...


H = TypeVar("H", bound=Helper)


class Helpers:
    """Those of one process, by id."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._runs = False
        self._lock = threading.Lock()

    def of(self, ident: str, make: Callable[[], H]) -> H:
        """The helper of a component, made when it is first asked for."""
        with self._lock:
            if ident not in self._made:
                self._made[ident] = make()
                if self._runs:
                    self._made[ident].start()
            found: H = self._made[ident]
            return found

    def start(self) -> None:
        """Start all that were made, and from now on what is made."""
        with self._lock:
            self._runs = True
            for helper in self._made.values():
                helper.start()

    def shutdown(self) -> None:
        """End all; safe twice and without `start`."""
        with self._lock:
            for helper in self._made.values():
                helper.shutdown()
            self._made.clear()
            self._runs = False
