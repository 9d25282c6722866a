"""Control records: what can be one, and how it comes out of the journal."""

from __future__ import annotations

import pytest

import otlp_wire
from collector.control.record import ControlRecord, Unfit, shortened
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.reserved import RECEIVER


def entry(record: ControlRecord, receiver: str = RECEIVER) -> Entry:
    body = otlp_wire.receive_json(record.otlp_json()).body
    return Entry("0123456789abcdef", 1, record.domain, receiver, body, 1, 1_000, b"")


def test_a_record_comes_out_of_the_journal_as_it_went_in() -> None:
    record = ControlRecord(
        "logboom.service.x", "a.example", "a sentence", {"s": "t", "n": 3, "f": 0.5, "b": True}, "ERROR", 5_000
    )
    batch = decode([entry(record)]).batch
    assert [batch.column(name)[0] for name in ("event_name", "body", "severity_number", "severity_text", "time_unix_nano")] == [
        "logboom.service.x", "a sentence", 17, "ERROR", 5_000,
    ]  # fmt: skip
    assert batch.attribute_text("s")[0] == "t"
    assert [batch.attribute_text(name)[0] for name in ("n", "f", "b")] == ["3", "0.5", "true"]
    assert batch.attribute("logboom.control.id")[0] == record.id
    assert batch.resource_attribute("service.name")[0] == "logboom"


def test_only_what_came_through_the_services_receiver_is_made() -> None:
    """In one batch with the same bytes that somebody sent."""
    record = ControlRecord("logboom.service.x", "a.example")
    batch = decode([entry(record, "otlp"), entry(record), entry(record, "service/x")]).batch
    assert batch.generation is not None
    assert batch.generation.to_list() == [0, 1, 0]
    assert decode([entry(record, "otlp")]).batch.generation is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "other.event"},
        {"name": "logboom." + "x" * 100},
        {"domain": ""},
        {"id": "a\nb"},
        {"severity": "LOUD"},
        {"time_unix_nano": -1},
        {"time_unix_nano": "now"},
        {"body": "x" * 8193},
        {"attributes": {"a": "x" * 8193}},
        {"attributes": {"a": [1]}},
        {"attributes": {"a": 1 << 63}},
        {"attributes": {"": 1}},
        {"attributes": {str(n): n for n in range(65)}},
        {"generation": 1},
    ],
)
def test_what_is_no_record_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Unfit):
        ControlRecord.parse({"name": "logboom.x", "domain": "a.example", **wrong})


def test_what_is_parsed_is_what_was_told() -> None:
    record = ControlRecord("logboom.x", "a.example", "b", {"k": 1})
    assert ControlRecord.parse(record.to_json()) == record
    for none in (None, [], "logboom.x", {}):
        with pytest.raises(Unfit):
            ControlRecord.parse(none)


def test_a_long_text_is_shortened_to_what_fits() -> None:
    ControlRecord("logboom.x", "a.example", shortened("é" * 100_000))
    assert shortened("short") == "short"
