"""Taking a partition may take minutes; who does not want it any more does not wait for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from collector.errors import Lost
from collector.ledger.interface import Ledger
from collector.service.taking import Taking

SECONDS = 60.0


class Slow:
    """Takes for ever, unless it is told that nobody wants it."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.given_up = threading.Event()
        self.at_last = threading.Event()

    def open(self, _: int, wanted: Callable[[], bool]) -> Ledger:
        self.began.set()
        while not self.at_last.wait(0.01):
            if not wanted():
                self.given_up.set()
                raise Lost("nobody wants it")
        raise Lost("the test is over")


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.at_last.set()


def begun(slow: Slow) -> Taking:
    taking = Taking(slow.open)
    taking.want([3])
    taking.look()
    assert slow.began.wait(SECONDS)
    return taking


def test_what_is_lost_while_it_is_opened_is_given_up(slow: Slow) -> None:
    taking = begun(slow)
    assert taking.forget([3]) == []
    assert slow.given_up.wait(SECONDS)
    ends, down = time.monotonic() + SECONDS, list[int]()
    while not down and time.monotonic() < ends:
        _, down = taking.look()
    assert down == [3]
    assert taking.idle
    taking.close()


def test_an_end_waits_for_no_opening(slow: Slow) -> None:
    taking = begun(slow)
    closing = threading.Thread(target=taking.close)
    closing.start()
    assert slow.given_up.wait(SECONDS)
    closing.join(SECONDS)
    assert not closing.is_alive()
