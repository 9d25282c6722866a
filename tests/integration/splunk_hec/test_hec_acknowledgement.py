"""Indexer acknowledgement: delivered means indexed, whatever happens to the server, its numbers and its answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from counterparts.splunk import (
    TOKEN,
    TokenRule,
    cut_request,
    lost_answer,
    passes,
    reply,
    restarts,
    says,
    stalls,
)  # fmt: skip

THREE = ("a", "b", "c")


async def until(condition: Any) -> None:
    """Wait for something that is about to happen; the test's own time limit ends a vain wait."""
    while not condition():
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("asked", [1, 2, 5])
def test_delivered_means_indexed(with_splunk, asked):
    """Delivery hears of a success only after the server called it true, however often that takes."""

    async def test(bench):
        bench.splunk.acks_after = asked
        reading = await bench.attempt(bench.records(*THREE))
        assert reading.delivered.tolist() == [0, 1, 2]
        assert bench.indexed() == [*THREE]
        assert len(bench.splunk.asked) == asked
        assert reading.warning == ""

    with_splunk(test, acknowledges=True)


def test_never_acknowledged(with_splunk):
    """After the timeout it is sent again, under the same record ids."""

    async def test(bench):
        bench.splunk.acks_after = None
        reading = await bench.attempt(bench.records(*THREE))
        assert reading.retry_reason == "not acknowledged within 0.1s"
        assert reading.retry.tolist() == [0, 1, 2]

    options = {"acknowledgement": {"enabled": True, "interval": "5ms", "timeout": "100ms"}}
    with_splunk(test, options, acknowledges=True)


def test_one_question_for_all_that_waits(with_splunk):
    """Requests of one token share a channel, and one call asks for all their numbers."""

    async def test(bench):
        bench.splunk.acks_after = None
        tasks = [asyncio.create_task(bench.attempt(bench.records(text))) for text in THREE]
        await until(lambda: [0, 1, 2] in bench.splunk.asked)
        bench.splunk.acks_after = 1
        readings = await asyncio.gather(*tasks)
        assert [reading.delivered.tolist() for reading in readings] == [[0]] * 3
        assert len(bench.splunk.channels_seen) == 1

    with_splunk(test, acknowledges=True)


def test_a_channel_for_each_token(with_splunk):
    """Numbers are the channel's: two tokens never share one."""

    async def test(bench):
        bench.splunk.tokens["own"] = TokenRule(acknowledges=True)
        for resource in ({}, {"com__splunk__hec__access_token": "own"}):
            assert len((await bench.attempt(bench.records(*THREE, **resource))).delivered) == 3
        assert len(bench.splunk.channels_seen) == 2

    with_splunk(test, acknowledges=True)


def test_restart_while_a_request_waits(with_splunk):
    """Numbers that begin anew tell that the server forgot: what waits goes again, and is not taken for the newcomer."""

    async def test(bench):
        bench.splunk.acks_after = None
        waiting = asyncio.create_task(bench.attempt(bench.records("old")))
        await until(lambda: bench.splunk.asked)
        bench.splunk.faults.append(restarts)
        newcomer = await bench.attempt(bench.records("new"))
        reason = "the server has forgotten the channel: its numbers began anew"
        assert (await waiting).retry_reason == newcomer.retry_reason == reason
        assert bench.splunk.indexed == []
        bench.splunk.acks_after = 1
        for text in ("old", "new"):
            assert len((await bench.attempt(bench.records(text))).delivered) == 1
        assert bench.indexed() == ["old", "new"]
        assert len(bench.splunk.channels_seen) == 2

    with_splunk(test, acknowledges=True)


def test_true_for_a_number_that_another_request_got_after_a_restart(with_splunk):
    """The trap: the server restarts in silence, gives `old`'s number to `new`, and its answer to `new` is late, so `true`
    comes for a number that only `old` is known to have. `old` was lost in the restart and must not count as indexed."""

    async def test(bench):
        bench.splunk.acks_after = None
        waiting = asyncio.create_task(bench.attempt(bench.records("old")))
        await until(lambda: bench.splunk.asked)
        held = asyncio.Event()

        async def restart_and_answer_late(call: Any) -> web.Response:
            call.splunk.restart()
            answer = await call.answer()
            call.splunk.acks_after = 1
            await held.wait()
            return answer

        bench.splunk.faults.append(restart_and_answer_late)
        newcomer = asyncio.create_task(bench.attempt(bench.records("new")))
        await until(lambda: bench.indexed() == ["new"])
        await asyncio.sleep(0.05)
        assert not waiting.done()
        held.set()
        assert (await waiting).retry.tolist() == [0]
        assert (await newcomer).retry.tolist() == [0]

    with_splunk(test, acknowledges=True)


@pytest.mark.parametrize("fault", [lost_answer, cut_request, stalls(30)], ids=["lost", "cut", "stalled"])
def test_a_call_without_an_answer_makes_the_channel_uncertain(with_splunk, fault):
    """It may have got any number, so what waits on the channel is sent again, on a new one."""

    async def test(bench):
        bench.splunk.acks_after = None
        waiting = asyncio.create_task(bench.attempt(bench.records("old")))
        await until(lambda: bench.splunk.asked)
        bench.splunk.faults.append(fault)
        assert (await bench.attempt(bench.records("new"))).retry.tolist() == [0]
        assert (await waiting).retry_reason == "a call on the channel was not answered"
        bench.splunk.acks_after = 1
        assert len((await bench.attempt(bench.records("old"))).delivered) == 1
        assert len(bench.splunk.channels_seen) == 2

    with_splunk(test, {"timeout": "2s"}, acknowledges=True)


def test_token_without_acknowledgement(with_splunk):
    """The server took the events and gives no number: delivered as received, and people are told."""

    async def test(bench):
        reading = await bench.attempt(bench.records(*THREE))
        assert reading.delivered.tolist() == [0, 1, 2]
        assert "not proven to be indexed" in reading.warning

    with_splunk(test, {"acknowledgement": {"enabled": True, "interval": "5ms"}})


@pytest.mark.parametrize(
    "answer",
    [lambda: reply(14), lambda: web.Response(status=404), lambda: web.Response(status=405)],
    ids=["code 14", "404", "405"],
)
def test_server_without_the_acknowledgement_api(with_splunk, answer):
    """Nobody will ever say true: delivered as received, and people are told."""

    async def test(bench):
        bench.splunk.ack_answer = answer
        reading = await bench.attempt(bench.records(*THREE))
        assert reading.delivered.tolist() == [0, 1, 2]
        assert "not proven to be indexed" in reading.warning

    with_splunk(test, acknowledges=True)


def test_server_that_does_not_know_the_channel(with_splunk):
    """The channel was idle too long, or another server answers: sent again on a new one."""

    async def test(bench):
        bench.splunk.ack_answer = lambda: reply(11)
        reading = await bench.attempt(bench.records(*THREE))
        assert reading.retry_reason.startswith("the server does not know the channel")
        bench.splunk.ack_answer = None
        assert len((await bench.attempt(bench.records(*THREE))).delivered) == 3
        assert len(bench.splunk.channels_seen) == 2

    with_splunk(test, acknowledges=True)


@pytest.mark.parametrize("code", [8, 9, 1, 4], ids=str)
def test_acknowledgement_api_in_trouble(with_splunk, code):
    """It is asked again: its trouble says nothing about the events."""

    async def test(bench):
        answers = iter([reply(code), web.Response(text="<html>"), web.json_response({"acks": []})])

        def answer() -> web.Response:
            found = next(answers, None)
            if found is None:
                bench.splunk.ack_answer = None
                return reply(9)
            return found

        bench.splunk.ack_answer = answer
        assert (await bench.attempt(bench.records(*THREE))).delivered.tolist() == [0, 1, 2]

    with_splunk(test, acknowledges=True)


def test_server_that_goes_away_while_a_request_waits(with_splunk):
    """Nothing else is sent, so only the question finds out; what waits is not left to its time limit."""

    async def test(bench):
        bench.splunk.acks_after = None
        waiting = asyncio.create_task(bench.attempt(bench.records("old")))
        await until(lambda: bench.splunk.asked)
        await bench.splunk.stop()
        assert (await waiting).retry_reason.startswith("the server went away: ")
        await bench.splunk.start()
        bench.splunk.acks_after = 1
        assert len((await bench.attempt(bench.records("old"))).delivered) == 1

    with_splunk(test, acknowledges=True)


def test_refused_requests_have_no_number(with_splunk):
    """An error is judged at once, and does not disturb what waits on the channel."""

    async def test(bench):
        bench.splunk.acks_after = None
        waiting = asyncio.create_task(bench.attempt(bench.records("old")))
        await until(lambda: bench.splunk.asked)
        bench.splunk.faults += [says(9), says(4)]
        assert (await bench.attempt(bench.records("x"))).retry.tolist() == [0]
        assert (await bench.attempt(bench.records("x"))).blocked
        bench.splunk.acks_after = 1
        assert (await waiting).delivered.tolist() == [0]

    with_splunk(test, acknowledges=True)


def test_some_pieces_of_a_request_are_not_acknowledged(with_splunk):
    """Each call has its own number: only what was not acknowledged goes again."""

    async def test(bench):
        bench.splunk.faults += [passes, says(18)]
        reading = await bench.attempt(bench.records(*[f"{n}{'x' * 400}" for n in range(4)]))
        assert len(reading.delivered) == len(reading.retry) == 2
        assert len(bench.splunk.indexed) == 2

    with_splunk(test, {"max_content_length_logs": 1200}, acknowledges=True)


def test_shutdown_does_not_wait_for_the_indexer(with_splunk):
    """What waits is told at once that it must be sent again."""

    async def test(bench):
        bench.splunk.acks_after = None
        waiting = asyncio.create_task(bench.attempt(bench.records("old")))
        await until(lambda: bench.splunk.asked)
        await bench.exporter.shutdown()
        assert (await waiting).retry_reason == "stopping"

    with_splunk(test, acknowledges=True)


def test_raw_lines_are_acknowledged_too(with_splunk):
    """The raw endpoint gives numbers likewise."""

    async def test(bench):
        assert len((await bench.attempt(bench.records(*THREE))).delivered) == 3
        assert bench.indexed() == [*THREE]
        assert {event["token"] for event in bench.splunk.indexed} == {TOKEN}

    with_splunk(test, {"export_raw": True}, acknowledges=True)
