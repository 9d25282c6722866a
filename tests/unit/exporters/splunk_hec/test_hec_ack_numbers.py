"""Numbers of acknowledgement: answers in any order keep a channel, numbers that begin anew lose it."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from collector.transport.http_client import HttpAnswer
from exporters.splunk_hec.acknowledgement import Channel
from exporters.splunk_hec.config import Acknowledgement

CASES = {
    "in order": ([[0], [1], [2]], False),
    "at once, answered backwards": ([[2, 1, 0]], False),
    "at once twice": ([[1, 0], [3, 2]], False),
    "a late one of the first": ([[5, 4, 3, 0]], False),
    "anew": ([[0], [1], [0]], True),
    "anew, higher than the last": ([[0, 1, 2], [1]], True),
    "the same at once": ([[0, 0]], True),
    "below one that was known": ([[4], [5, 3]], True),
}


@pytest.mark.parametrize(("rounds", "lost"), CASES.values(), ids=CASES)
def test_numbers(rounds, lost):
    """Each round's calls are under way at once and are answered in the order in which their numbers stand there."""

    async def main() -> Channel:
        channel = Channel(Acknowledgement(), _never)
        for numbers in rounds:
            gates = [asyncio.Event() for _ in numbers]
            calls = [
                asyncio.create_task(channel.sent(lambda gate=gate, number=number: _answer(gate, number)))
                for gate, number in zip(gates, numbers, strict=True)
            ]
            await asyncio.sleep(0)
            for gate, call in zip(gates, calls, strict=True):
                gate.set()
                await call
        return channel

    channel = asyncio.run(main())
    assert bool(channel.lost) is lost
    assert channel.idle


async def _answer(gate: asyncio.Event, number: int) -> HttpAnswer:
    await gate.wait()
    return HttpAnswer(200, {}, orjson.dumps({"text": "Success", "code": 0, "ackId": number}))


async def _never(_channel: str, _body: bytes) -> HttpAnswer:
    raise AssertionError("nothing waits here")
