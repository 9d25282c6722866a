"""Takes the partitions that come to a worker, beside its steps: one in a cluster is first made out of what others wrote.

gained ──► opening (a thread) ──► taken           a predecessor still has it, or it can't be had now: again, later and later
               └ lost meanwhile: given up, or closed as soon as it is open, and put down
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from collector.errors import Locked, Lost, StorageError
from collector.ledger.interface import Ledger

log = logging.getLogger("logboom.worker")

LOCK_POLL_SECS = 0.02
_AGAIN_SECS, _LONGEST_AGAIN_SECS = 0.25, 10.0
_AT_ONCE = 4

Open = Callable[[int, Callable[[], bool]], Ledger]
"""Takes a partition, and asks now and then whether it is still to be taken."""


class Taking:
    """On the worker's thread.

    Args:
        open_: takes a partition; called on other threads.
        clock: monotonic seconds.
    """

    def __init__(self, open_: Open, clock: Callable[[], float] = time.monotonic) -> None:
        self._open = open_
        self._clock = clock
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="taking")
        self._wanted: dict[int, float] = {}
        """Partition → not before that moment."""
        self._opening: dict[int, Future[Ledger]] = {}
        self._failures: dict[int, int] = {}
        self._unwanted: set[int] = set()
        self._closing = False
        self.standby = False
        """A predecessor still had one at the last look."""

    @property
    def idle(self) -> bool:
        """All that was wanted is taken."""
        return not self._wanted and not self._opening

    def want(self, partitions: Collection[int], *, anew: bool = False) -> None:
        """These are ours. `anew`: it was just lost by accident, so not at once."""
        for number in partitions:
            self._unwanted.discard(number)
            if anew:
                self._later(number)
            elif number not in self._opening:
                self._wanted[number] = 0.0

    def forget(self, partitions: Collection[int]) -> list[int]:
        """These are not ours any more; those of them that are not being opened now, so that nothing is to be closed."""
        for number in partitions:
            self._wanted.pop(number, None)
            self._failures.pop(number, None)
        busy = self._opening.keys() & set(partitions)
        self._unwanted |= busy
        return [number for number in partitions if number not in busy]

    def look(self, wait_secs: float = 0.0) -> tuple[list[tuple[int, Ledger]], list[int]]:
        """(what was taken since the last look, what is put down: it was forgotten while it was opened).

        Raises:
            StorageError: one that can't be used.
        """
        self._begin()
        if wait_secs and self._opening:
            with contextlib.suppress(TimeoutError, StorageError):
                next(iter(self._opening.values())).result(wait_secs)
        taken: list[tuple[int, Ledger]] = []
        down: list[int] = []
        for number, ledger in self._ended():
            if number in self._unwanted:
                self._unwanted.discard(number)
                self._wanted.pop(number, None)
                self._failures.pop(number, None)
                down.append(number)
                if ledger is not None:
                    _close(ledger)
            elif ledger is not None:
                self._failures.pop(number, None)
                taken.append((number, ledger))
        self._begin()
        return taken, down

    def close(self) -> None:
        """What is being opened is given up, or closed again."""
        self._closing = True
        self._wanted.clear()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for opening in self._opening.values():
            if not opening.cancelled() and opening.exception() is None:
                _close(opening.result())
        self._opening.clear()

    def _begin(self) -> None:
        now = self._clock()
        for number in [number for number, at in self._wanted.items() if at <= now and number not in self._opening]:
            del self._wanted[number]
            self._opening[number] = self._threads.submit(self._open, number, partial(self._is_wanted, number))

    def _is_wanted(self, number: int) -> bool:
        """Asked by who opens it, from its thread."""
        return not self._closing and number not in self._unwanted

    def _ended(self) -> Iterator[tuple[int, Ledger | None]]:
        self.standby = False
        for number, opening in [(number, each) for number, each in self._opening.items() if each.done()]:
            del self._opening[number]
            yield number, self._result(number, opening)

    def _result(self, number: int, opening: Future[Ledger]) -> Ledger | None:
        try:
            return opening.result()
        except Locked:
            self.standby = True
            self._wanted[number] = self._clock() + LOCK_POLL_SECS
        except Lost as error:
            if self._is_wanted(number) and not self._failures.get(number):
                log.warning("partition %d can't be taken, and is tried again: %s", number, error)
            self._later(number)
        return None

    def _later(self, number: int) -> None:
        failures = self._failures[number] = self._failures.get(number, 0) + 1
        pause = min(_LONGEST_AGAIN_SECS, _AGAIN_SECS * 2**failures)
        self._wanted[number] = self._clock() + pause


def _close(ledger: Ledger) -> None:
    with contextlib.suppress(StorageError):
        ledger.close()


def numbers(partitions: Sequence[int]) -> str:
    """For people."""
    return ", ".join(map(str, sorted(partitions)))
