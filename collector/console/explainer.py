"""Asks processors about a record. They need polars and rules, which this process does without: each question is a short-lived child, two at
once, with so much memory and time (`collector.explaining.child`); its answer is remembered for who asks again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from collector.console.children import answered, later
from collector.console.refusal import Busy
from collector.explaining.child import Order

_AT_ONCE, _MOST_WAITING, _REMEMBERED = 2, 4, 128


class Explainer:
    """Of one console."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="explaining")
        self._known: OrderedDict[tuple[str, str, str], Sequence[Mapping[str, Any]]] = OrderedDict()
        self._under_way = 0

    async def ask(self, key: tuple[str, str, str], order: Order) -> Sequence[Mapping[str, Any]]:
        """What the processors say. Raises `Refused`: not now, or it did not end within its bounds."""
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return known
        if self._under_way >= _AT_ONCE + _MOST_WAITING:
            raise Busy
        self._under_way += 1
        answer = self._threads.submit(_child, order)
        loop = asyncio.get_running_loop()
        answer.add_done_callback(lambda done: later(loop, self._ended, key, done))
        return await asyncio.shield(asyncio.wrap_future(answer))

    def close(self) -> None:
        """Take no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ended(self, key: tuple[str, str, str], done: Future[Sequence[Mapping[str, Any]]]) -> None:
        """Also where nobody waits for it any more."""
        self._under_way -= 1
        if not done.cancelled() and done.exception() is None:
            self._known[key] = done.result()
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def _child(order: Order) -> Sequence[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = answered("collector.explaining.child", order, "this record could not be explained")
    return found
