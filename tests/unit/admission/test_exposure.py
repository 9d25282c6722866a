"""A key of ours in a log record is masked before anything is kept, wherever in the record it stands; a live one is told."""

from __future__ import annotations

import pytest

from collector.admission.exposure import Exposure
from collector.admission.steps import Arrival
from collector.domains.credential import Credential
from collector.domains.keys import KeyKind, new_key
from otlp_wire import json_to_protobuf, read_payloads, receive_protobuf

KEY = new_key(KeyKind.INGEST)
PLACES = {
    "body": '{"body": {"stringValue": "export KEY=%s;"}}',
    "attribute": '{"attributes": [{"key": "headers", "value": {"stringValue": "Bearer %s"}}]}',
    "key of an attribute": '{"attributes": [{"key": "%s", "value": {"intValue": "1"}}]}',
    "nested": '{"body": {"kvlistValue": {"values": [{"key": "a", "value": {"arrayValue": {"values": [{"stringValue": "%s"}]}}}]}}}',
    "event name": '{"eventName": "%s"}',
    "twice": '{"severityText": "%s", "body": {"stringValue": "é %s"}}',
}


def payload(record: str) -> bytes:
    """A request of one record, written as OTLP's JSON."""
    return json_to_protobuf(b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [' + record.encode() + b"]}]}]}")


class Bench:
    """An exposure that knows one live key."""

    def __init__(self, live: bool = True) -> None:
        self.told: list[tuple[str, str]] = []
        holder = {KEY.text: Credential("tamyla.com", id=KEY.id)}.get if live else (lambda _: None)
        self.check = Exposure(lambda: holder, lambda arrival, who: self.told.append((arrival.domain, who.id))).check

    def through(self, record: str) -> Arrival:
        body = payload(record)
        arrival = Arrival("otlp", None, body, domain="a.example", received=receive_protobuf(body))  # type: ignore[arg-type]
        self.check(arrival)
        return arrival


@pytest.mark.parametrize("place", PLACES)
def test_it_is_masked_wherever_it_stands(place: str) -> None:
    """What takes its place is as long: the payload stays what it was in every other respect, and is decoded."""
    bench, written = Bench(), PLACES[place]
    arrival = bench.through(written.replace("%s", KEY.text))
    assert arrival.received is not None
    assert KEY.text.encode() not in arrival.received.body
    masked = f"lbi_{KEY.id}_{'*' * 49}"
    expected = payload(written.replace("%s", masked))
    assert arrival.received.body == expected
    assert len(read_payloads([arrival.received.body])[0]) == 1
    assert bench.told == [("a.example", KEY.id)]


def test_a_key_of_nobody_is_masked_and_not_told() -> None:
    """It may be one of another logboom."""
    bench = Bench(live=False)
    arrival = bench.through(PLACES["body"].replace("%s", KEY.text))
    assert arrival.received is not None
    assert KEY.text.encode() not in arrival.received.body
    assert not bench.told


@pytest.mark.parametrize(
    "text",
    ["lbi_ and lbs_", KEY.text[:-1] + ("0" if KEY.text[-1] != "0" else "1"), KEY.text[:40], new_key(KeyKind.BROWSER).text, "x" * 500],
    ids=["no key", "a wrong checksum", "half a key", "a key of web pages", "plain"],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    bench, record = Bench(), PLACES["body"].replace("%s", text)
    arrival = bench.through(record)
    assert arrival.received is not None
    assert text.encode() in arrival.received.body
    assert not bench.told


def test_without_keys_nobody_looks() -> None:
    body = payload(PLACES["event name"].replace("%s", KEY.text))
    arrival = Arrival("otlp", None, body, received=receive_protobuf(body))  # type: ignore[arg-type]
    Exposure(lambda: None, lambda *_: None).check(arrival)
    assert arrival.received is not None
    assert arrival.received.body is body
