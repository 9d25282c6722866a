"""Who is sent what components made: who is made for it, or is told to by `events`. The rest ends as `filtered`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from collector.component import ALL_EVENTS, TakesEvents
from collector.delivery.config import DeliveryConfig
from collector.journal.entry import Entry
from collector.registry import Registry
from collector.shaping.selection import Selection
from collector.testing.events import marked
from collector.testing.payloads import payload
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch

STORES = {"archive", "sqlite", "d1", "kv", "elasticsearch"}
KINDS = ["", "logboom.issue.created", "", "logboom.service.blocked", "logboom.issue.changed"]


class Store(ScriptedExporter):
    """Made for all events."""

    takes_events = ALL_EVENTS


class Notifier(ScriptedExporter):
    """Made for some."""

    takes_events = ("logboom.issue.*",)


def config(**options: Any) -> DeliveryConfig:
    return DeliveryConfig.model_validate(options)


def batch() -> Any:
    """Five records, three of them events; domain b has one of each."""
    return marked(text_batch(list("01234"), ["a", "a", "b", "b", "a"]), KINDS)


@pytest.mark.parametrize(
    ("made_for", "options", "sent"),
    [
        (ScriptedExporter, {}, "02"),
        (ScriptedExporter, {"events": True}, "01234"),
        (ScriptedExporter, {"events": ["logboom.service.blocked"]}, "023"),
        (ScriptedExporter, {"events": ["logboom.issue.*"]}, "0124"),
        (Store, {}, "01234"),
        (Store, {"events": False}, "02"),
        (Store, {"events": []}, "02"),
        (Notifier, {}, "0124"),
        (Notifier, {"events": ["logboom.service.*"]}, "023"),
        (Store, {"select": {"levels": ["critical"]}}, "134"),
        (Store, {"select": {"domains": ["b"]}}, "23"),
        (Store, {"select": {"conditions": ['body == "2"']}, "events": ["logboom.issue.created"]}, "12"),
        (ScriptedExporter, {"select": {"domains": ["a"]}}, "0"),
    ],
    ids=str,
)
def test_who_gets_which(rig: Any, made_for: Any, options: dict[str, Any], sent: str) -> None:
    """In order, with every record in one account. Levels and conditions are about traffic, domains about everything."""
    one, exporter = rig("x"), made_for()
    one.ledgers[0].put(batch())
    one.ledgers[0].put(text_batch(["9"], "a"))
    one.run({"x": (exporter, config(**options))}, 1)
    assert [body for body in exporter.bodies() if body != "9"] == list(sent)
    assert one.ledgers[0].outcomes("x").get("filtered", 0) == 6 - len(exporter.bodies())
    assert one.ledgers[0].adds_up("x")


def test_a_name_makes_no_event(rig: Any) -> None:
    """What a sender calls `logboom.…` is a record like others, whatever `events` says."""
    one, exporter = rig("x"), ScriptedExporter()
    named = marked(text_batch(["0", "1"]), ["logboom.issue.created", "logboom.deployment"])
    one.ledgers[0].put(named)
    one.ledgers[0].put(replace(named, records=named.records.drop("generation")))
    one.run({"x": (exporter, config(events=False))}, 1)
    assert exporter.bodies() == ["0", "1"]
    assert one.ledgers[0].outcomes("x") == {"enqueued": 4, "exported": 2, "filtered": 2}


def test_without_made_records_nothing_is_looked_at(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither records nor payloads are judged: batches pass as they are, payloads undecoded."""
    asked: list[int] = []
    monkeypatch.setattr(Selection, "keep", lambda self, batch: asked.append(len(batch)))
    one, exporter = rig("x"), Forwarder()
    one.ledgers[0].put(text_batch(["0", "1"]))
    one.ledgers[0].put([Entry("0" * 16, 1, "a", "otlp", payload(2), 2, 1_700_000_000_000, b"")])
    one.run({"x": (exporter, config())}, 1)
    assert asked == []
    assert len(exporter.payloads) == 1


class Forwarder(ScriptedExporter):
    """Also takes payloads."""

    def __init__(self) -> None:
        super().__init__()
        self.payloads: list[bytes] = []

    def encode_payloads(self, payloads: Any) -> Any:
        self.payloads += payloads
        return text_batch(["payload"] * len(payloads))


class Teller(ScriptedExporter):
    """Tells the next logboom."""

    def __init__(self) -> None:
        super().__init__()
        self.payloads: list[bytes] = []
        self.told: list[tuple[int, list[str]]] = []

    def encode(self, batch: Any) -> Any:
        self.told.append((0, batch.column("body").to_list()))
        return super().encode(batch)

    def encode_made(self, batch: Any, generation: int) -> Any:
        self.told.append((generation, batch.column("body").to_list()))
        return super().encode(batch)

    def encode_payloads(self, payloads: Any) -> Any:
        self.payloads += payloads
        return text_batch(["payload"] * len(payloads))


def test_who_tells_the_next_logboom_tells_of_whole_requests(rig: Any) -> None:
    """What was sent, and what was made as many times over, each apart; joined over entries as ever."""
    one, exporter = rig("x"), Teller()
    deeper = replace(
        batch(), records=batch().records.with_columns(generation=pl.Series([0, 2, 0, 1, 2], dtype=pl.UInt8))
    )
    one.ledgers[0].put(deeper)
    one.ledgers[0].put(text_batch(["9"], "a"))
    one.run({"x": (exporter, config(events=True))}, 1)
    assert sorted(exporter.told) == [(0, ["0", "2"]), (0, ["9"]), (1, ["3"]), (2, ["1", "4"])]
    one.ledgers[0].put(text_batch(["a", "b"]))
    one.run({"x": (exporter, config(events=True))}, 1)
    assert exporter.told[-1] == (0, ["a", "b"])


@pytest.mark.parametrize(("events", "told"), [(True, [(2, ["hello"] * 2)]), (None, [])])
def test_payloads_of_events_are_decoded_and_told_or_left_out(rig: Any, events: bool | None, told: Any) -> None:
    """Those that were sent pass as they are."""
    one, exporter = rig("x"), Teller()
    one.ledgers[0].put([_entry(1, made=2)])
    one.ledgers[0].put([_entry(2)])
    one.run({"x": (exporter, config(events=events))}, 1)
    assert [(generation, len(bodies)) for generation, bodies in exporter.told] == [
        (made, len(bodies)) for made, bodies in told
    ]
    assert len(exporter.payloads) == 1
    assert one.ledgers[0].adds_up("x")


def _entry(offset: int, made: int = 0) -> Entry:
    return Entry("0" * 16, offset, "a", "otlp", payload(2), 2, 1_700_000_000_000, b"", made=made)


def test_stores_are_made_for_events_and_others_are_not() -> None:
    """SIEMs are paid by volume, and know nothing of our events; a language model is asked about issues alone."""
    behaviours = {factory.name: factory.load() for factory in Registry().factories("exporters")}
    takes = {
        name: getattr(each, "takes_events", ()) for name, each in behaviours.items() if not hasattr(each, "addressed")
    }
    assert {name for name, kinds in takes.items() if kinds} == STORES | {"openai"}
    assert {takes[name] for name in STORES} == {ALL_EVENTS}
    assert isinstance(Store(), TakesEvents)
    assert not isinstance(ScriptedExporter(), TakesEvents)


@pytest.mark.parametrize(("events", "told"), [(None, []), (True, ["events of all kinds"]), (False, ["no events"]), ([], ["no events"]), (["a.*", "b"], ["events a.*, b"])])  # fmt: skip
def test_validate_tells(events: Any, told: list[str]) -> None:
    assert config(events=events).shaping() == told


@pytest.mark.parametrize("kind", ["", "a.*.b", "**", "*.created"])
def test_a_kind_is_a_name_or_the_front_of_names(kind: str) -> None:
    with pytest.raises(ValidationError):
        config(events=[kind])
