"""The forward protocol's messages out of a stream, in whatever pieces it comes, and what records are made of them."""

from __future__ import annotations

import gzip
import struct

import msgpack
import pytest

from collector.errors import InvalidPayload, TooLarge
from collector.receivers.fluent_forward.messages import Messages, events
from collector.receivers.fluent_forward.records import received
from counterparts.json_door import records

SECOND = 1_700_000_000
NANOS = SECOND * 10**9 + 5


def event_time(nanos):
    return msgpack.ExtType(0, struct.pack(">II", *divmod(nanos, 10**9)))


def packed(*items):
    return b"".join(map(msgpack.packb, items))


def read(data, most=1 << 20):
    return list(Messages(most).feed(data))


def kept(*messages):
    return records(received([each for message in messages for each in read(msgpack.packb(message))], 1 << 20).body)


EVENTS = [[event_time(NANOS), {"log": "a", "n": 1}], [SECOND, {"message": "b", "deep": {"k": [1, "x"]}}]]
WANTED = [
    {"time": NANOS, "body": "a", "attributes": {"n": 1, "fluent.tag": "app"}},
    {"time": SECOND * 10**9, "body": "b", "attributes": {"deep": {"k": [1, "x"]}, "fluent.tag": "app"}},
]
MODES = {
    "forward": ["app", EVENTS],
    "packed": ["app", packed(*EVENTS), {"size": 2}],
    "packed as an old text": ["app", packed(*EVENTS).decode("utf-8", "surrogateescape"), {"size": 2}],
    "compressed": ["app", gzip.compress(packed(*EVENTS)), {"compressed": "gzip"}],
    "compressed in two members": ["app", gzip.compress(packed(EVENTS[0])) + gzip.compress(packed(EVENTS[1])), {"compressed": "gzip"}],
    "with metadata, as Fluent Bit writes it": ["app", [[[EVENTS[0][0], {"m": 1}], EVENTS[0][1]], EVENTS[1]]],
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_each_mode(mode):
    """The same events."""
    data = msgpack.packb(MODES[mode], unicode_errors="surrogateescape")
    (message,) = read(data)
    assert message.raw == data
    assert records(received([message], 1 << 20).body) == WANTED


def test_a_message_of_one_event():
    assert kept(["app", EVENTS[0][0], EVENTS[0][1]]) == WANTED[:1]
    assert kept(["app", EVENTS[1][0], EVENTS[1][1], {"chunk": "c"}]) == WANTED[1:]


def test_a_text_is_a_record_too():
    """Python's logging sends it so without a formatter."""
    assert kept(["app", SECOND, "x"]) == [{"time": SECOND * 10**9, "body": "x", "attributes": {"fluent.tag": "app"}}]


def test_a_stream_is_read_in_whatever_pieces_it_comes():
    """Byte by byte; each message once, with its own bytes."""
    whole = [msgpack.packb(message) for message in (["a", EVENTS], ["b", SECOND, {"log": "x"}, {"chunk": "c1"}])]
    messages = Messages(1 << 20)
    found = [message for byte in b"".join(whole) for message in messages.feed(bytes([byte]))]
    assert [(message.tag, message.chunk, message.raw) for message in found] == [
        ("a", "", whole[0]),
        ("b", "c1", whole[1]),
    ]


def test_values_of_every_kind():
    """Texts that came as bytes are texts; a body that is no text is an attribute; keys are texts."""
    record = {"log": {"k": 1}, "message": b"text", b"raw": b"\xff", 7: "seven", "f": 1.5, "b": True, "none": None}
    ((found),) = kept(["t", SECOND, record])
    assert found["body"] == "text"
    assert found["attributes"] == {
        "log": {"k": 1}, "raw": b"\xff", "7": "seven", "f": 1.5, "b": True, "none": None, "fluent.tag": "t",
    }  # fmt: skip


@pytest.mark.parametrize("moment", ["now", None, -1, 1 << 70, [], 0])
def test_a_time_that_is_none_is_unknown(moment):
    """The record is kept; when it came is told later."""
    data = ["t", [[moment, {"log": "x"}]]] if moment != 1 << 70 else ["t", [[1e60, {"log": "x"}]]]
    assert kept(data) == [{"body": "x", "attributes": {"fluent.tag": "t"}}]


NO_MESSAGES = [b"GET / HTTP/1.1\r\n", packed({"tag": 1}), packed(["tag"]), packed(["tag", 5]), packed([5, 6, {}]),
               b"\xc1", packed([])]  # fmt: skip


@pytest.mark.parametrize("data", NO_MESSAGES, ids=range(len(NO_MESSAGES)))
def test_what_is_no_message_ends_the_stream(data):
    with pytest.raises(InvalidPayload):
        read(data)


def test_a_message_over_the_bound_ends_the_stream():
    data = msgpack.packb(["t", b"x" * 5000])
    messages = Messages(4096)
    pieces = (data[start : start + 1024] for start in range(0, len(data), 1024))
    with pytest.raises(TooLarge):
        _all = [message for piece in pieces for message in messages.feed(piece)]


@pytest.mark.parametrize(
    "content", [b"\x92\x01", b"\xc1", gzip.compress(b"x")[:-3]], ids=["cut", "no msgpack", "cut gzip"]
)
def test_a_chunk_that_cannot_be_read_is_refused(content):
    option = {"compressed": "gzip"} if content[:2] == b"\x1f\x8b" else {}
    (message,) = read(msgpack.packb(["t", content, option]))
    with pytest.raises(InvalidPayload):
        received([message], 1 << 20)


def test_a_bomb_is_refused():
    (message,) = read(msgpack.packb(["t", gzip.compress(bytes(5 << 20)), {"compressed": "gzip"}]))
    with pytest.raises((TooLarge, InvalidPayload)):
        events(message, 1 << 20)


def test_what_is_no_event_is_counted():
    """The others are kept; a chunk of which nothing is an event is refused."""
    (message,) = read(msgpack.packb(["t", [[SECOND, {"log": "x"}], "no", [1]]]))
    found = received([message], 1 << 20)
    assert (found.records, found.repairs.rejected) == (1, 2)
    (message,) = read(msgpack.packb(["t", ["no"]]))
    with pytest.raises(InvalidPayload):
        received([message], 1 << 20)


def test_an_empty_chunk_is_nothing():
    (message,) = read(msgpack.packb(["t", b"", {"chunk": "c"}]))
    assert received([message], 1 << 20).records == 0


def test_a_message_without_an_end_is_not_kept_for_ever():
    """An array that announces more than ever comes: no more of it is held than a message may have."""
    messages, piece = Messages(1 << 20), msgpack.packb("x" * 60_000)
    assert list(messages.feed(b"\xdc\x7f\xff")) == []
    with pytest.raises(TooLarge):
        _all = [message for _ in range(100) for message in messages.feed(piece)]


def test_more_events_than_a_request_may_hold_are_not_made():
    """However small they are when they are compressed."""
    (message,) = read(msgpack.packb(["t", gzip.compress(packed([1, {}]) * 700_000), {"compressed": "gzip"}]), 16 << 20)
    with pytest.raises(TooLarge, match="records"):
        received([message], 16 << 20)


def test_a_large_message_must_be_packed():
    """All objects of another one are there at once."""
    listed, bare = [[SECOND, {"log": "x" * 1000}]] * 5000, packed(*[[SECOND, {"log": "x" * 1000}]] * 5000)
    with pytest.raises(TooLarge, match="not packed"):
        read(msgpack.packb(["t", listed]), 16 << 20)
    (message,) = read(msgpack.packb(["t", bare]), 16 << 20)
    assert received([message], 16 << 20).records == 5000


def test_many_small_messages_come_at_once():
    """However many, and however small a message may be."""
    one = msgpack.packb(["t", SECOND, {"log": "x"}])
    assert len(read(one * 1000, 1024)) == 1000


def test_a_tag_that_stands_in_each_record_makes_no_gigabytes() -> None:
    """A message of some hundred kilobytes does not become as many times its tag."""
    few, many = (
        list(read(msgpack.packb(["t" * 100_000, [[1, {}]] * events])))  # its events are listed
        for events in (10, 1_000)
    )
    assert received(few, 16 << 20).records == 10
    with pytest.raises(TooLarge, match="records of more than 64 MiB"):
        received(many, 16 << 20)
