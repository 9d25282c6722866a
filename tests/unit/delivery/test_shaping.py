"""Selecting and shaping inside delivery: counted, done once, and invisible to positions, retries and dead letters."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Engine
from collector.journal.entry import Entry
from collector.outcomes import Ok, Reject, Retry, Split
from collector.pipeline.decode import decode
from collector.shaping.selection import Selection
from collector.testing.payloads import payload
from collector.testing.row_batch import Nested, Row, batch_of
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch
from collector.testing.virtual_time import InlineExecutor, run_virtual
from otlp_wire import any_from_python

KEY = "0123456789abcdef"


def config(**options):
    return DeliveryConfig.model_validate(options)


ONLY_A = {"select": {"domains": ["a"]}}


class Forwarder(ScriptedExporter):
    """Also takes payloads."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.payloads = []

    def encode_payloads(self, payloads):
        self.payloads += payloads
        return text_batch(["payload"] * len(payloads))


def entry(domain, offset, records=3):
    return Entry("0" * 16, offset, domain, "otlp", payload(records), records, 1_700_000_000_000, b"")


def positions(batch, *bodies):
    return np.flatnonzero(batch.column("body").is_in(list(bodies)).to_numpy()).astype(np.uint32)


def test_records_left_out_end_as_filtered(rig):
    """By domain, in the acknowledgement of their entry; the statistics show them; the rest is delivered in order."""
    one, seen = rig("x", "y"), []
    ledger = one.ledgers[0]
    ledger.put(text_batch(["1", "2", "3", "4"], ["a", "b", "a", "c"]))
    ledger.put(text_batch(["5", "6"], "b"))
    ledger.put(text_batch(["7"], "a"))
    exporter, other = ScriptedExporter(), ScriptedExporter()
    exporters = {"x": (exporter, config(**ONLY_A)), "y": (other, config())}
    one.run(exporters, 1, during=lambda engine: seen.append(engine.statistics()))
    assert exporter.bodies() == ["1", "3", "7"]
    assert other.bodies() == list("1234567")
    assert ledger.outcomes("x") == {"enqueued": 7, "exported": 3, "filtered": 4}
    assert ledger.counts["b", "exporter/x", "filtered"] == 3
    assert ledger.counts["c", "exporter/x", "filtered"] == 1
    assert ledger.outcomes("y") == {"enqueued": 7, "exported": 7}
    assert ledger.adds_up("x")
    assert [(seen[0][name].filtered, seen[0][name].sent) for name in "xy"] == [(4, 3), (0, 7)]


def test_an_entry_of_nothing_to_send_is_done_at_once(rig):
    """Also while the destination is away: nothing of it waits."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["1", "2"], "b"))
    exporter = ScriptedExporter(lambda batch: Retry("down"))
    one.run({"x": (exporter, config(**ONLY_A))}, 1)
    assert exporter.sent == []
    assert one.ledgers[0].outcomes("x") == {"enqueued": 2, "filtered": 2}


def test_selection_is_asked_once_for_an_entry(rig, monkeypatch):
    """However often the request is repeated, cut, or partly taken; what was left out never comes back."""
    asked = []
    judge = Selection.keep
    monkeypatch.setattr(Selection, "keep", lambda self, batch: asked.append(len(batch)) or judge(self, batch))
    one = rig("x")
    for n in range(3):
        one.ledgers[0].put(text_batch([f"{n}a", f"{n}b", f"{n}c", f"{n}d"], ["a", "b", "a", "a"]))
    answers = iter([Retry("down"), Retry("down"), Split("413")])

    def answer(batch):
        if found := next(answers, None):
            return found
        return Retry("busy", positions(batch, "1c")) if len(batch) > 1 else Ok()

    exporter = ScriptedExporter(answer)
    one.run({"x": (exporter, config(**ONLY_A))}, 120)
    assert asked == [4, 4, 4]
    assert not any("b" in body for body in exporter.bodies())
    assert one.ledgers[0].outcomes("x") == {"enqueued": 12, "exported": 9, "filtered": 3}


@pytest.mark.parametrize(
    ("options", "untouched"),
    [
        ({}, True),
        ({"select": {"levels": []}, "attributes": {"allow": []}, "redact": {"action": "drop"}}, True),
        (ONLY_A, False),
        ({"attributes": {"deny": ["http.*"]}}, False),
        ({"redact": {"attributes": ["http.route"]}}, False),
        ({"redact": {"patterns": ["hello"]}}, False),
    ],
    ids=str,
)
def test_payloads_are_decoded_only_when_something_is_asked(rig, options, untouched):
    """A pass-through exporter gets payloads as they came, or batches once records must be looked at."""
    one = rig("x")
    one.ledgers[0].put([entry("a", 1), entry("b", 2)])
    exporter = Forwarder()
    one.run({"x": (exporter, config(**options))}, 1)
    assert len(exporter.payloads) == (2 if untouched else 0)
    outcomes = one.ledgers[0].outcomes("x")
    assert outcomes.pop("filtered", 0) == (3 if options == ONLY_A else 0)
    assert sum(len(batch) for batch in exporter.sent) == (2 if untouched else outcomes["exported"])
    assert one.ledgers[0].adds_up("x")


def test_nothing_hidden_is_in_any_request(rig):
    """What the exporter is given, over retries and cuts, holds the secret nowhere: repeated keys, maps, bodies."""
    secret = Nested(any_from_python({"user": [{"token": "s3cret"}], "text": "s3cret"}))
    rows = [
        Row(
            f"{n}",
            [("token", "s3cret"), ("token", 7), ("m", secret), ("Token", b"s3cret")],
            [("token", "s3cret"), ("m", secret)],
            ("s", "", [("token", "s3cret")]),
            {"body": "key=s3cret"} if n % 2 else {"body": None, "body_any": secret.any_value},
        )
        for n in range(8)
    ]
    for action in ("mask", "hash", "drop"):
        one = rig("x")
        one.ledgers[0].put(batch_of(rows))
        answers = iter([Retry("down"), Split("413"), Retry("busy", np.array([1], dtype=np.uint32))])
        exporter = ScriptedExporter(lambda batch, answers=answers: next(answers, Ok()))
        redact = {"attributes": ["token"], "action": action, "hash_key": KEY, "patterns": ["s3cret"]}
        one.run({"x": (exporter, config(redact=redact))}, 60)
        assert len(exporter.sent) >= 4
        for batch in exporter.sent:
            tables = (batch.records, batch.attributes, batch.derived, batch.resource_attributes, batch.scope_attributes)
            assert not any("s3cret" in str(table.rows()) for table in tables)
        assert one.ledgers[0].outcomes("x") == {"enqueued": 8, "exported": 8}


def test_positions_of_an_answer_mean_the_same_records(rig):
    """Shaping takes away no record: what is retried and rejected is what the destination named."""
    one = rig("x")
    one.ledgers[0].put(text_batch([f"{n} secret" for n in range(6)], ["a", "b", "a", "a", "b", "a"]))

    def answer(batch):
        bad, again = positions(batch, "2 ****"), positions(batch, "3 ****")
        return [Reject("no", bad), Retry("busy", again)] if len(batch) > 1 else Ok()

    exporter = ScriptedExporter(answer)
    one.run({"x": (exporter, config(**ONLY_A, redact={"patterns": ["secret"]}))}, 60)
    assert exporter.bodies() == ["0 ****", "2 ****", "3 ****", "5 ****", "3 ****"]
    assert one.ledgers[0].outcomes("x") == {"enqueued": 6, "exported": 3, "filtered": 2, "dead_lettered": 1}


def test_a_dead_letter_keeps_the_record_whole_and_is_shaped_when_it_is_replayed(rig):
    """It stays on this machine; a replay goes through the same options again."""
    one, shape = rig("x"), config(redact={"patterns": ["secret"]})
    one.ledgers[0].put(text_batch(["a secret"]))
    one.run({"x": (ScriptedExporter(lambda batch: Reject("no")), shape)}, 1)
    [(_, letter)] = one.ledgers[0].dead_letters
    assert letter.batch.column("body").to_list() == ["a secret"]
    one.ledgers[0].put(letter.batch)
    exporter = ScriptedExporter()
    one.run({"x": (exporter, shape)}, 1)
    assert exporter.bodies() == ["a ****"]


def test_a_defect_in_selection_neither_loses_nor_sends_nor_stops(rig, monkeypatch):
    """The entry becomes a dead letter, the exception's text is not shown, and the next entry goes on."""
    judge = Selection.keep

    def keep(self, batch):
        if "bad" in batch.column("body"):
            raise KeyError("private")
        return judge(self, batch)

    monkeypatch.setattr(Selection, "keep", keep)
    one = rig("x")
    for bodies in (["bad", "1"], ["2"]):
        one.ledgers[0].put(text_batch(bodies, "a"))
    exporter = ScriptedExporter()
    one.run({"x": (exporter, config(**ONLY_A))}, 1)
    assert exporter.bodies() == ["2"]
    assert one.ledgers[0].outcomes("x") == {"enqueued": 3, "exported": 1, "dead_lettered": 2}
    assert [letter.reason for _, letter in one.ledgers[0].dead_letters] == ["select raised KeyError"]
    assert not any("private" in event.reason for event in one.events)


def test_an_entry_that_cannot_be_decoded_stays_in_the_outbox(rig):
    """A defect there must not end the lane: people are told, the next entry is delivered."""
    one, seen = rig("x"), []
    one.ledgers[0].put([entry("a", 1)])
    one.ledgers[0].put([entry("a", 2)])
    exporter = ScriptedExporter()

    def decoding(entries):
        if entries[0].offset == 1:
            raise MemoryError
        return decode(entries).batch

    async def main():
        engine = Engine(
            {"x": (exporter, config(**ONLY_A))},
            dict(enumerate(one.ledgers)),
            on_event=seen.append,
            decode=decoding,
            pool=lambda name, count: InlineExecutor(),
        )
        await engine.start()
        await asyncio.sleep(10)  # no memory: it is tried again after one second, and after four
        await engine.stop(1)

    run_virtual(main())
    assert [len(batch) for batch in exporter.sent] == [3]
    assert one.ledgers[0].outcomes("x") == {"enqueued": 6, "exported": 3, "queued": 3}
    assert [event.reason for event in seen] == ["decoding raised MemoryError"]
