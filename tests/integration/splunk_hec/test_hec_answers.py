"""Each answer of the HTTP Event Collector, over HTTP: what it means for each record, and what is sent next."""

from __future__ import annotations

import asyncio
from typing import Any

import polars as pl
import pytest
from aiohttp import web

from counterparts.splunk import TOKEN, TokenRule, cut_answer, cut_request, lost_answer, passes, says, stalls

THREE = ("a", "b", "c")


def page(status: int, text: str) -> Any:
    """An answer of something that is not Splunk."""

    async def fault(_: Any) -> web.Response:
        return web.Response(status=status, text=text, content_type="text/html")

    return fault


BLOCKED = {
    "token disabled": (says(1), "403 Forbidden: Token disabled (code 1)"),
    "no token": (says(2), "401 Unauthorized: Token is required (code 2)"),
    "wrong scheme": (says(3), "401 Unauthorized: Invalid authorization (code 3)"),
    "unknown token": (says(4), "403 Forbidden: Invalid token (code 4)"),
    "configured index": (says(7), "400 Bad Request: Incorrect index (code 7)"),
    "channel missing": (says(10), ("400 Bad Request: Data channel is missing (code 10): the token has indexer "
                                   "acknowledgement on, set `acknowledgement.enabled: true`")),
    "invalid channel": (says(11), "400 Bad Request: Invalid data channel (code 11)"),
    "acknowledgement off": (says(14), "400 Bad Request: ACK is disabled (code 14)"),
    "query authorization": (says(16), "400 Bad Request: Query string authorization is not enabled (code 16)"),
    "token unknown, newer code": (says(21), "400 Bad Request: Invalid token (code 21)"),
    "token disabled, newer code": (says(22), "400 Bad Request: Token disabled (code 22)"),
    "wrong address": (page(404, "<h1>nothing here</h1>"), "404 Not Found"),
}  # fmt: skip
RETRIED = {
    "internal error": (says(8), None),
    "busy": (says(9, {"Retry-After": "7"}), 7.0),
    "queues full": (says(18), None),
    "acknowledgements full": (says(19, {"Retry-After": "3"}), 3.0),
    "both full": (says(20), None),
    "throttled by a proxy": (page(429, "slow down"), None),
    "a gateway's page": (page(502, "<h1>Bad Gateway</h1>"), None),
    "connection cut": (cut_request, None),
    "answer lost": (lost_answer, None),
    "answer cut in its headers": (cut_answer(20), None),
    "answer cut in its body": (cut_answer(80), None),
}
SPLIT = {
    "no data": says(5),
    "invalid format, no number": says(6),
    "event required, no number": says(12),
    "event blank, no number": says(13),
    "indexed fields, no number": says(15),
    "a proxy that takes none of it": page(400, "bad"),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_blocked(with_splunk, name):
    """What an operator must mend keeps everything; the reason says what."""
    fault, reason = BLOCKED[name]

    async def test(bench):
        bench.splunk.faults.append(fault)
        reading = await bench.attempt(bench.records(*THREE))
        assert reading.blocked == reason
        assert TOKEN not in reading.blocked

    with_splunk(test)


@pytest.mark.parametrize("name", RETRIED)
def test_retried(with_splunk, name):
    """What may pass by itself is sent again, not before the time that the server names."""
    fault, after = RETRIED[name]

    async def test(bench):
        bench.splunk.faults.append(fault)
        reading = await bench.attempt(bench.records(*THREE))
        assert reading.retry.tolist() == [0, 1, 2]
        assert reading.after_secs == after
        assert reading.throttled == ("503" in reading.retry_reason or "429" in reading.retry_reason)
        assert TOKEN not in reading.retry_reason

    with_splunk(test)


@pytest.mark.parametrize("name", SPLIT)
def test_halved_to_find_the_event(with_splunk, name):
    """An answer that blames an event without saying which is searched by halving."""

    async def test(bench):
        bench.splunk.faults.append(SPLIT[name])
        assert (await bench.attempt(bench.records(*THREE))).split

    with_splunk(test)


def test_no_answer_within_the_timeout(with_splunk):
    """`timeout` is the time of one call."""

    async def test(bench):
        bench.splunk.faults.append(stalls(30))
        reading = await bench.attempt(bench.records(*THREE))
        assert reading.retry_reason == "no answer within the timeout"
        assert reading.throttled

    with_splunk(test, {"timeout": "100ms"})


def test_events_that_splunk_names_are_taken_out_at_once(with_splunk):
    """A blank event is a dead letter with Splunk's reason; all others are indexed by the same attempt."""

    async def test(bench):
        reading = await bench.attempt(bench.records("a", " ", "b", "\t", "c"))
        assert [(items.tolist(), reason) for items, reason in reading.rejected] == [
            ([1], "400 Bad Request: Event field cannot be blank (code 13)"),
            ([3], "400 Bad Request: Event field cannot be blank (code 13)"),
        ]
        assert reading.delivered.tolist() == [0, 2, 4]
        assert set(bench.indexed()) == {"a", "b", "c"}

    with_splunk(test)


def test_what_came_before_a_named_event_is_sent_again_with_its_id(with_splunk):
    """Splunk kept `a` the first time: it has it twice, under one record id, and nothing else twice."""

    async def test(bench):
        await bench.attempt(bench.records("a", " ", "b"))
        twice = [event for event in bench.splunk.indexed if event["event"] == "a"]
        assert [event["fields"]["logboom.record.id"] for event in twice] == ["0" * 26] * 2
        assert bench.indexed() == ["a", "a", "b"]

    with_splunk(test)


def test_more_named_events_than_one_attempt_takes_out(with_splunk):
    """After a hundred the rest waits for the next attempt: no attempt is endless."""

    async def test(bench):
        reading = await bench.attempt(bench.records(*[" "] * 150, "good"))
        assert sum(len(items) for items, _ in reading.rejected) == 100
        assert reading.retry.tolist() == [*range(100, 151)]

    with_splunk(test)


def test_index_that_an_attribute_named(with_splunk):
    """An index that the token may not use dead-letters the records that name it, and blocks nobody."""

    async def test(bench):
        bench.splunk.tokens[TOKEN] = TokenRule(indexes=frozenset({"main"}))
        reading = await bench.attempt(bench.records(*THREE, com__splunk__index="secret"))
        assert [items.tolist() for items, _ in reading.rejected] == [[0], [1], [2]]

    with_splunk(test, {"index": "main"})


@pytest.mark.parametrize(("index", "blocked"), [("secret", False), ("main", True), (None, True)])
def test_index_of_raw_lines(with_splunk, index, blocked):
    """A raw call carries its index in the address: one that an attribute named blocks nobody either."""

    async def test(bench):
        bench.splunk.faults.append(says(7))
        reading = await bench.attempt(bench.records(*THREE, **({"com__splunk__index": index} if index else {})))
        assert (reading.blocked is not None) == blocked
        assert [items.tolist() for items, _ in reading.rejected] == ([] if blocked else [[0, 1, 2]])

    with_splunk(test, {"index": "main", "export_raw": True})


def test_index_of_the_options(with_splunk):
    """An index of the options that the token may not use is the operator's to mend."""

    async def test(bench):
        bench.splunk.tokens[TOKEN] = TokenRule(indexes=frozenset({"main"}))
        reading = await bench.attempt(bench.records(*THREE))
        assert reading.blocked == "400 Bad Request: Incorrect index (code 7)"

    with_splunk(test, {"index": "wrong"})


def test_token_of_a_resource(with_splunk):
    """Records go out with their resource's token, and it stands in no field."""

    async def test(bench):
        bench.splunk.tokens["own"] = TokenRule()
        reading = await bench.attempt(bench.records(*THREE, com__splunk__hec__access_token="own"))
        assert reading.delivered.tolist() == [0, 1, 2]
        assert {event["token"] for event in bench.splunk.indexed} == {"own"}
        assert "own" not in str([event["fields"] for event in bench.splunk.indexed])

    with_splunk(test)


@pytest.mark.parametrize("token", ["unknown", "two words", "line\nbreak", "ümlaut"])
def test_token_of_a_resource_that_is_refused(with_splunk, token):
    """A token that came with the records is theirs to be wrong: they are dead letters, nobody is blocked."""

    async def test(bench):
        reading = await bench.attempt(bench.records(*THREE, com__splunk__hec__access_token=token))
        [(items, reason)] = reading.rejected
        assert items.tolist() == [0, 1, 2]
        assert token not in reason

    with_splunk(test)


def test_too_large_for_the_server(with_splunk):
    """413 halves until it fits; the next batch is cut before it is sent."""

    async def test(bench):
        bench.splunk.max_content_length = 1000
        bodies = [f"{n} {'x' * 100}" for n in range(20)]
        assert len((await bench.attempt(bench.records(*bodies))).delivered) == 20
        assert sorted(bench.indexed()) == sorted(bodies)
        first = len(bench.splunk.calls)
        assert len((await bench.attempt(bench.records(*bodies))).delivered) == 20
        assert all(answered.content_length < 1000 for answered in bench.splunk.calls[first:])

    with_splunk(test, {"disable_compression": True})


def test_one_event_too_large_for_the_server(with_splunk):
    """It is a dead letter; its neighbours are indexed."""

    async def test(bench):
        bench.splunk.max_content_length = 1000
        reading = await bench.attempt(bench.records("a", "x" * 2000, "b"))
        [(items, reason)] = reading.rejected
        assert items.tolist() == [1]
        assert reason.startswith("413 ")
        assert sorted(bench.indexed()) == ["a", "b"]

    with_splunk(test)


def test_part_of_a_request_fails(with_splunk):
    """Only the pieces that were not taken are sent again."""

    async def test(bench):
        bench.splunk.faults += [passes, says(9, {"Retry-After": "1"})]
        reading = await bench.attempt(bench.records(*[f"{n}{'x' * 400}" for n in range(6)]))
        assert reading.after_secs == 1.0
        assert len(reading.delivered) == len(bench.splunk.indexed) == 4
        assert sorted([*reading.delivered.tolist(), *reading.retry.tolist()]) == [*range(6)]

    with_splunk(test, {"max_content_length_logs": 1200})


def test_blocked_after_a_part_was_taken(with_splunk):
    """What was delivered is not sent again; the rest comes alone, and blocks then."""

    async def test(bench):
        records = bench.records(*[f"{n}{'x' * 400}" for n in range(4)])
        bench.splunk.faults += [passes, says(1), says(1)]
        reading = await bench.attempt(records)
        assert len(reading.delivered) == len(bench.splunk.indexed) == 2
        assert (await bench.attempt(records.gather(pl.Series(reading.retry)))).blocked

    with_splunk(test, {"max_content_length_logs": 1200})


@pytest.mark.parametrize(("code", "blocked"), [(18, False), (2, True)])
def test_health_before_the_first_request(with_splunk, code, blocked):
    """Nothing is posted while Splunk is unwell; once it is well it is not asked again."""

    async def test(bench):
        bench.splunk.health = code
        reading = await bench.attempt(bench.records(*THREE))
        assert (reading.blocked is not None, len(reading.retry)) == (blocked, 0 if blocked else 3)
        assert bench.splunk.calls == []
        bench.splunk.health = 17
        assert len((await bench.attempt(bench.records(*THREE))).delivered) == 3
        bench.splunk.health = 18
        assert len((await bench.attempt(bench.records(*THREE))).delivered) == 3

    with_splunk(test, {"health_check_enabled": True})


def test_headers(with_splunk):
    """gzip, the application's name, and headers of the options."""

    async def test(bench):
        await bench.attempt(bench.records(*THREE))
        [call] = bench.splunk.calls
        expected = {
            "Authorization": f"Splunk {TOKEN}",
            "Content-Encoding": "gzip",
            "Content-Type": "application/json",
            "__splunk_app_name": "shop",
            "__splunk_app_version": "7",
            "User-Agent": "shop/7",
            "X-Team": "blue",
        }
        assert {name: call.headers.get(name) for name in expected} == expected

    with_splunk(test, {"splunk_app_name": "shop", "splunk_app_version": "7", "headers": {"X-Team": "blue"}})


@pytest.mark.parametrize("options", [{}, {"export_raw": True}, {"format": "ocsf"}], ids=["events", "raw", "ocsf"])
def test_heartbeats(with_splunk, options):
    """At the start and from then on, in `_internal`, whatever the records look like; a failed one disturbs nothing."""

    async def test(bench):
        bench.splunk.faults += [says(8), cut_request]
        while len(bench.splunk.indexed) < 3:
            await asyncio.sleep(0.005)
        one = bench.splunk.indexed[0]
        assert (one["index"], one["sourcetype"], one["source"]) == ("_internal", "heartbeat", "logboom")
        assert one["event"].startswith("HeartbeatInfo version=")
        assert len((await bench.attempt(bench.records(*THREE))).delivered) == 3

    with_splunk(test, {"heartbeat": {"interval": "10ms", "startup": True}, **options})


def test_raw_lines(with_splunk):
    """A request for each distinct metadata, with a channel; a line break cannot make a second event."""

    async def test(bench):
        bench.splunk.tokens[TOKEN].acknowledges = False
        reading = await bench.attempt(bench.records("a", "b\nforged", host__name="web-1", com__splunk__index="ops"))
        assert reading.delivered.tolist() == [0, 1]
        assert bench.splunk.indexed == [
            {"event": text, "host": "web-1", "index": "ops", "source": "s&1", "token": TOKEN}
            for text in ("a", r"b\nforged")
        ]
        [call] = bench.splunk.calls
        assert call.path == "/services/collector/raw"

    with_splunk(test, {"export_raw": True, "source": "s&1"})
