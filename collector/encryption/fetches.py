"""What may take long, done aside, once for all who wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from collector.errors import KeysUnavailable

T = TypeVar("T")

WAIT_SECS = 2.0
"""The longest that a caller waits: one that serves others must not stand still while the keeper of the master key is away."""
AGAIN_SECS = 1.0
"""What failed is not tried again before."""


class Fetches(Generic[T]):
    """One fetch a name at a time, each on a thread of its own. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: dict[str, tuple[float, Future[T]]] = {}

    def result(self, name: str, fetch: Callable[[str], T]) -> T:
        """What `fetch` gives, begun now or by somebody else.

        Raises:
            KeysUnavailable: it failed a moment ago, or takes longer than anybody should wait; it goes on.
        """
        began, future = self._join(name, fetch)
        try:
            return future.result(max(0.0, began + WAIT_SECS - time.monotonic()))
        except TimeoutError:
            raise KeysUnavailable(
                f"the key of {name} is being asked for, and its keeper has not answered yet"
            ) from None

    def _join(self, name: str, fetch: Callable[[str], T]) -> tuple[float, Future[T]]:
        with self._lock:
            found = self._begun.get(name)
            if found is not None and not _is_over(*found):
                return found
            future: Future[T] = Future()
            begun = self._begun[name] = time.monotonic(), future
        threading.Thread(target=_run, args=(future, fetch, name), name="keys", daemon=True).start()
        return begun


def _is_over(began: float, future: Future[Any]) -> bool:
    """Whether another one may begin."""
    if not future.done():
        return False
    return future.exception() is None or time.monotonic() > began + AGAIN_SECS


def _run(future: Future[T], fetch: Callable[[str], T], name: str) -> None:
    try:
        future.set_result(fetch(name))
    except BaseException as error:  # noqa: BLE001 - told to whoever waits
        future.set_exception(error)
