"""When a list is asked for again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from collector.transport.kubernetes.api import Access, Refused
from collector.transport.kubernetes.watching import Object, Watch

_GONE = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
_MOST_ASKED = 50


class Server:
    """A list that is empty, and watches that `answer` ends; after some it is an error to ask. Its time is what the watches last."""

    def __init__(self, answer: Callable[[], Iterator[Object]], lasts: float = 0.0) -> None:
        self._answer, self._lasts = answer, lasts
        self.now = 0.0
        self.lists = self.watches = 0

    def get(self, *_: object) -> Any:
        self.lists += 1
        return {"items": [], "metadata": {"resourceVersion": str(self.lists)}}

    def lines(self, *_: object) -> Iterator[Object]:
        self.watches += 1
        assert self.watches < _MOST_ASKED, "it is asked again and again"
        self.now += self._lasts
        yield from self._answer()

    def close(self) -> None:
        """Nothing is open."""


class Ending:
    """In place of the event that ends a watch: notes how long it waits, and ends with the last of these waits."""

    def __init__(self, waits: int) -> None:
        self._most = waits
        self.waits: list[float] = []

    def is_set(self) -> bool:
        return len(self.waits) >= self._most

    def wait(self, secs: float) -> None:
        self.waits.append(secs)


class Nobody:
    """Is told."""

    def listed(self, objects: Sequence[Object]) -> None: ...

    def changed(self, found: Object, *, gone: bool) -> None: ...


def refused(status: int) -> Iterator[Object]:
    yield from ()
    raise Refused("no", status)


def waits(server: Server, count: int, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """So many waits between questions."""
    watch, ending = Watch(Access(), "/api/v1/pods", {}, Nobody(), clock=lambda: server.now), Ending(count)
    monkeypatch.setattr(watch, "_api", server)
    monkeypatch.setattr(watch, "_ended", ending)
    watch._run()  # in this thread
    return ending.waits


@pytest.mark.parametrize(
    ("answer", "lists", "first"),
    [
        pytest.param(lambda: iter([_GONE]), 8, 0.1, id="gone by an event"),
        pytest.param(lambda: refused(410), 8, 0.1, id="gone by status"),
        pytest.param(lambda: iter([]), 1, 0.1, id="ends at once"),
        pytest.param(lambda: refused(500), 1, 1.0, id="fails"),
    ],
)
def test_what_ends_at_once_is_asked_for_later_and_later(
    answer: Callable[[], Iterator[Object]], lists: int, first: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as long each time, but for chance, and never longer than half a minute; only what is gone is listed anew."""
    server = Server(answer)
    for place, secs in enumerate(waits(server, 8, monkeypatch)):
        longest = min(first * 2**place, 30.0)
        assert longest / 2 <= secs <= longest
    assert (server.lists, server.watches) == (lists, 8)


def test_a_watch_that_lasted_begins_anew_without_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what fails behind it waits as the first time."""
    answers = [iter([]), iter([]), iter([_GONE]), iter([]), refused(0), refused(0)]
    server = Server(lambda: answers.pop(0), lasts=20.0)
    assert all(0.5 <= secs <= 1.0 for secs in waits(server, 2, monkeypatch))
    assert (server.lists, server.watches) == (2, 6)
