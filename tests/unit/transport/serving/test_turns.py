"""Fair turns: in which order work is done."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from collector.transport.serving.turns import Turns

# what comes while the one thread is taken, as peer and number; then the order in which it is done
CASES = {
    "one peer, first come first served": ("a1 a2 a3", "a1 a2 a3"),
    "a flood does not stand in front of others": ("a1 a2 a3 a4 b1 c1", "a1 b1 c1 a2 a3 a4"),
    "peers alternate": ("a1 a2 b1 b2", "a1 b1 a2 b2"),
}


async def done_in_order(came: list[str], gone: frozenset[str] = frozenset()) -> tuple[list[str], list[bool]]:
    """Names in the order in which they were done, and for each that came whether it was."""
    order: list[str] = []
    with ThreadPoolExecutor(1) as threads:
        turns = Turns(threads, 1)
        tasks = [
            asyncio.create_task(turns.run(name[0], lambda name=name: name not in gone, lambda name=name: order.append(name)))
            for name in ["x0", *came]
        ]  # fmt: skip
        results = await asyncio.gather(*tasks)
    return order[1:], results[1:]


@pytest.mark.parametrize("name", CASES)
def test_turns(name):
    came, order = CASES[name]
    assert asyncio.run(done_in_order(came.split())) == (order.split(), [True] * len(came.split()))


def test_work_of_a_sender_who_left_is_dropped():
    """It is not done, and costs the others nothing."""
    assert asyncio.run(done_in_order(["a1", "a2", "b1"], frozenset({"a1", "b1"}))) == (["a2"], [False, True, False])


def test_what_fails_gives_its_place_back():
    """An exception of the work reaches who asked for it, and the next one has its turn."""

    async def both() -> list[object]:
        with ThreadPoolExecutor(1) as threads:
            turns = Turns(threads, 1)
            failing = turns.run("a", lambda: True, lambda: 1 // 0)
            return await asyncio.gather(failing, turns.run("b", lambda: True, lambda: None), return_exceptions=True)

    failed, following = asyncio.run(both())
    assert isinstance(failed, ZeroDivisionError)
    assert following is True


def test_a_waiter_that_is_cancelled_is_passed_over():
    """Its turn goes to the next one."""

    async def cancelled() -> bool:
        with ThreadPoolExecutor(1) as threads:
            turns = Turns(threads, 1)
            running, waiting, last = (
                asyncio.create_task(turns.run(peer, lambda: True, lambda: None)) for peer in ("a", "b", "c")
            )
            await asyncio.sleep(0)
            waiting.cancel()
            await running
            return await last

    assert asyncio.run(cancelled())
