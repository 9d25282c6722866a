"""Each of the five outcomes does what the design's table says, and the counts are exact."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.batch import LogBatch
from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Delivery
from collector.delivery.events import EventKind
from collector.journal.entry import Entry
from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch

CONFIG = DeliveryConfig()
APART = DeliveryConfig.model_validate({"sending_queue": {"batch": {"min_size": 0}}})


def positions(batch, *bodies):
    return np.flatnonzero(batch.column("body").is_in(list(bodies)).to_numpy()).astype(np.uint32)


def test_ok_acknowledges_everything(rig):
    """Delivered entries are counted by domain and gone from the outbox."""
    one = rig("x")
    ledger = one.ledgers[0]
    ledger.put(text_batch(["a", "b", "c"], ["one", "two", "one"]))
    exporter = ScriptedExporter()
    one.run({"x": (exporter, CONFIG)}, 1)
    assert exporter.bodies() == ["a", "b", "c"]
    assert ledger.counts["one", "exporter/x", "exported"] == 2
    assert ledger.counts["two", "exporter/x", "exported"] == 1
    assert ledger.queued("x") == 0
    assert ledger.adds_up("x")


def test_retry_sends_only_the_named_items_again(rig):
    """Items that no verdict names are delivered; the named ones come again alone, then end once."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b", "c", "d"]))
    exporter = ScriptedExporter(lambda b: Retry("busy", positions(b, "b", "d")) if len(b) == 4 else Ok())
    one.run({"x": (exporter, CONFIG)}, 60)
    assert exporter.bodies() == ["a", "b", "c", "d", "b", "d"]
    assert one.ledgers[0].outcomes("x") == {"enqueued": 4, "exported": 4}


def test_retry_and_reject_stand_side_by_side(rig):
    """One answer may deliver, repeat and refuse records."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["good", "later", "bad"], ["p", "p", "q"]))

    def answer(batch):
        if len(batch) == 3:
            return [Retry("429", positions(batch, "later")), Reject("mapping", positions(batch, "bad"))]
        return Ok()

    exporter = ScriptedExporter(answer)
    one.run({"x": (exporter, CONFIG)}, 60)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 3, "exported": 2, "dead_lettered": 1}
    assert one.ledgers[0].counts["q", "exporter/x", "dead_lettered"] == 1
    [(exporter_id, letter)] = one.ledgers[0].dead_letters
    assert (exporter_id, letter.reason, letter.batch.column("body").to_list()) == ("x", "mapping", ["bad"])


@pytest.mark.slow
def test_backoff_grows_up_to_the_interval_and_never_gives_up(rig):
    """A destination that fails for a day gets the data in the end; the waits follow configretry."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a"]))

    def answer(batch):
        return Ok() if asyncio.get_running_loop().time() > 86_400 else Retry("down")

    exporter = ScriptedExporter(answer)
    one.run({"x": (exporter, CONFIG)}, 86_500)
    waits = np.diff(exporter.sent_at)
    assert 2.5 <= waits[0] <= 7.5
    assert waits[10:].min() >= 15
    assert waits.max() <= 45
    assert one.ledgers[0].outcomes("x") == {"enqueued": 1, "exported": 1}


def test_the_destinations_wait_is_a_floor(rig):
    """Retry-After longer than the back-off is honoured."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a"]))
    answers = iter([Retry("429", after_secs=120.0), Ok()])
    exporter = ScriptedExporter(lambda batch: next(answers))
    one.run({"x": (exporter, CONFIG)}, 200)
    assert np.diff(exporter.sent_at)[0] == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("retry", "outcome"),
    [
        ({"max_elapsed_time": "30s", "max_interval": "10s"}, "dropped:max_elapsed_time"),
        ({"enabled": False}, "dropped:retry_disabled"),
    ],
)
def test_giving_up_is_asked_for_and_counted(rig, retry, outcome):
    """Only the options make delivery give up, and then the records are counted by reason."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b"]))
    config = DeliveryConfig.model_validate({"retry_on_failure": retry})
    one.run({"x": (ScriptedExporter(lambda batch: Retry("down")), config)}, 100)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 2, outcome: 2}
    assert EventKind.DROPPED in {event.kind for event in one.events}


def test_split_halves_down_to_the_record_that_is_too_large(rig):
    """Only the records that are too large on their own are dead-lettered; the order of the rest is kept."""
    one = rig("x")
    bodies = [f"{n}" for n in range(37)]
    bodies[5] = bodies[36] = "x" * 1000
    one.ledgers[0].put(text_batch(bodies))

    def answer(batch):
        return Split("413") if batch.column("body").str.len_bytes().max() > 500 or len(batch) > 8 else Ok()

    exporter = ScriptedExporter(answer)
    one.run({"x": (exporter, CONFIG)}, 1)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 37, "exported": 35, "dead_lettered": 2}
    assert [letter.reason for _, letter in one.ledgers[0].dead_letters] == ["413", "413"]
    delivered = [body for b in exporter.sent if answer(b) == Ok() for body in b.column("body").to_list()]
    assert delivered == [body for body in bodies if len(body) < 500]


def test_blocked_for_an_hour_loses_nothing(rig):
    """401 for an hour: few probes, one at a time, one event, the state visible, then all is delivered."""
    one = rig("x")
    for n in range(50):
        one.ledgers[0].put(text_batch([f"{n}a", f"{n}b"]))
    seen = []

    def answer(batch):
        return Blocked("401 Unauthorized") if asyncio.get_running_loop().time() < 3600 else Ok()

    exporter = ScriptedExporter(answer, latency_secs=0.01)

    one.run({"x": (exporter, APART)}, 1800, during=lambda engine: seen.append(engine.statistics()["x"]))
    assert (seen[0].state, seen[0].reason) == ("blocked", "401 Unauthorized")
    assert len(exporter.sent) < 10 + 1800 / 10
    assert one.ledgers[0].queued("x") == 100
    assert [event.kind for event in one.events].count(EventKind.BLOCKED) == 1

    restarted = ScriptedExporter(lambda batch: Ok())
    one.run({"x": (restarted, APART)}, 10)
    assert sorted(restarted.bodies()) == sorted(f"{n}{c}" for n in range(50) for c in "ab")
    assert one.ledgers[0].outcomes("x") == {"enqueued": 100, "exported": 100}


def test_a_blocked_destination_that_recovers_gets_everything_without_a_restart(rig):
    """The probe that gets through opens the way for all; blocked time is not counted against max_elapsed_time."""
    one = rig("x")
    for n in range(50):
        one.ledgers[0].put(text_batch([f"{n}"]))
    config = DeliveryConfig.model_validate(
        {"retry_on_failure": {"max_elapsed_time": "60s"}, "sending_queue": {"batch": {"min_size": 0}}}
    )

    def answer(batch):
        return Blocked("403") if asyncio.get_running_loop().time() < 3600 else Ok()

    exporter = ScriptedExporter(answer, latency_secs=0.1)
    one.run({"x": (exporter, config)}, 3700)
    probes = [at for at in exporter.sent_at if 60 < at < 3600]
    assert 60 < len(probes) < 300
    assert np.diff(probes).min() >= 15, "one probe at a time"
    assert one.ledgers[0].outcomes("x") == {"enqueued": 50, "exported": 50}
    assert [event.kind for event in one.events if event.kind is not EventKind.RETRYING] == [
        EventKind.BLOCKED,
        EventKind.RESUMED,
    ]


AWAY = {
    "away": (Retry("nobody listens there"), [EventKind.RETRYING, EventKind.RESUMED]),
    "busy": (Retry("429", throttled=True), [EventKind.RETRYING]),
}


@pytest.mark.parametrize(("verdict", "told"), AWAY.values(), ids=AWAY)
def test_a_destination_that_was_away_is_said_to_be_back(rig, verdict, told):
    """Once; whoever read that it was gone need not look at the metrics. One that was busy had never gone."""
    one = rig("x")
    for n in range(20):
        one.ledgers[0].put(text_batch([f"{n}"]))

    def answer(batch):
        return verdict if asyncio.get_running_loop().time() < 30 else Ok()

    one.run({"x": (ScriptedExporter(answer, latency_secs=0.1), APART)}, 200)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 20, "exported": 20}
    kinds = [event.kind for event in one.events]
    assert list(dict.fromkeys(kinds)) == told
    assert kinds.count(EventKind.RESUMED) == told.count(EventKind.RESUMED)


def test_reject_of_everything_dead_letters_the_entry(rig):
    """A destination that refuses all records for good: dead letters, replayable, nothing queued."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b"]))
    one.run({"x": (ScriptedExporter(lambda batch: Reject("400 invalid")), CONFIG)}, 1)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 2, "dead_lettered": 2}
    assert [letter.batch.column("body").to_list() for _, letter in one.ledgers[0].dead_letters] == [["a", "b"]]


def test_a_record_that_crashes_encode_is_isolated(rig):
    """The record is found by halving; all others are delivered; the exception's text is not shown."""
    one = rig("x")
    one.ledgers[0].put(text_batch([f"{n}" for n in range(20)]))

    def encode(batch):
        if batch.column("body").is_in(["13"]).any():
            raise KeyError("secret-token")

    exporter = ScriptedExporter(encode=encode)
    one.run({"x": (exporter, CONFIG)}, 1)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 20, "exported": 19, "dead_lettered": 1}
    [(_, letter)] = one.ledgers[0].dead_letters
    assert letter.batch.column("body").to_list() == ["13"]
    assert letter.reason.startswith("encode raised KeyError")
    assert not any("secret-token" in event.reason for event in one.events)


def test_a_panic_of_native_code_is_contained():
    """Such exceptions pass by `except Exception`; the record is isolated all the same, on real threads."""

    class PanicException(BaseException):
        pass

    def encode(batch):
        if "bad" in batch.column("body"):
            raise PanicException

    ledger = MemoryLedger(["x"])
    ledger.put(text_batch(["a", "bad", "c"]))
    delivery = Delivery({"x": (ScriptedExporter(encode=encode), CONFIG)}, {0: ledger})
    delivery.start()
    while ledger.queued("x"):
        time.sleep(0.01)
    delivery.shutdown(5)
    assert ledger.outcomes("x") == {"enqueued": 3, "exported": 2, "dead_lettered": 1}


@pytest.mark.parametrize("verdict", [[Reject("no", np.array([99], dtype=np.uint32))], "nonsense"])
def test_an_exporter_that_answers_nonsense_is_handled_like_a_crash(rig, verdict):
    """Items outside the request, or verdicts of no known kind, never stop delivery."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b"]))
    one.ledgers[0].put(text_batch(["c"]))
    exporter = ScriptedExporter(lambda batch: Ok() if "c" in batch.column("body") else verdict)
    one.run({"x": (exporter, APART)}, 1)
    assert one.ledgers[0].outcomes("x")["exported"] == 1
    assert one.ledgers[0].outcomes("x")["dead_lettered"] == 2
    assert one.ledgers[0].adds_up("x")


def test_a_send_that_hangs_is_cut_off_and_repeated(rig):
    """`timeout` bounds each attempt; 0 does not."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a"]))
    exporter = ScriptedExporter(latency_secs=3600.0)
    seen = []
    one.run({"x": (exporter, CONFIG)}, 60, during=lambda engine: seen.append(engine.statistics()["x"]))
    assert len(exporter.sent) > 2
    assert seen[0].state == "retrying"
    assert seen[0].reason == "TimeoutError"
    patient = ScriptedExporter(latency_secs=3600.0)
    one.run({"x": (patient, DeliveryConfig(timeout=0.0))}, 3700)
    assert len(patient.sent) == 1
    assert one.ledgers[0].outcomes("x") == {"enqueued": 1, "exported": 1}


def test_a_destination_that_refuses_every_single_record_is_not_asked_for_each(rig):
    """After 32 single records in a row, refused for one reason, the rest follows them; another request is tried anew."""
    one = rig("x")
    one.ledgers[0].put(text_batch([f"{n}" for n in range(1000)]))
    one.ledgers[0].put(text_batch(["good"]))
    exporter = ScriptedExporter(lambda batch: Ok() if "good" in batch.column("body") else Split("400"))
    one.run({"x": (exporter, APART)}, 1)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 1001, "exported": 1, "dead_lettered": 1000}
    assert len(exporter.sent) < 100
    dead = [body for _, letter in one.ledgers[0].dead_letters for body in letter.batch.column("body")]
    assert sorted(dead, key=int) == [f"{n}" for n in range(1000)]


def test_good_records_between_bad_ones_keep_the_search_going(rig):
    """Every second record is bad: all good ones arrive."""
    one = rig("x")
    one.ledgers[0].put(text_batch([f"{n}" for n in range(200)]))
    exporter = ScriptedExporter(
        lambda batch: Split("400") if (batch.column("body").cast(int) % 2 == 0).any() else Ok(),
    )
    one.run({"x": (exporter, CONFIG)}, 1)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 200, "exported": 100, "dead_lettered": 100}


def test_what_a_destination_leaves_out_of_an_accepted_request_is_told(rig):
    """Partial success: delivered, not sent again, counted for people."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b", "c"]))
    exporter = ScriptedExporter(lambda batch: Ok(2, "too old"))
    seen = []
    one.run({"x": (exporter, CONFIG)}, 1, during=lambda engine: seen.append(engine.statistics()["x"]))
    assert one.ledgers[0].outcomes("x") == {"enqueued": 3, "exported": 3}
    assert (seen[0].sent, seen[0].left_out) == (3, 2)
    assert [(event.kind, event.reason, event.count) for event in one.events] == [(EventKind.PARTIAL, "too old", 2)]


def payload(*bodies):
    request = ExportLogsServiceRequest()
    for body in bodies:
        request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = body
    return request.SerializeToString()


def entries(*groups):
    return [Entry("0" * 16, n, "d", "otlp", payload(*group), len(group), 1, b"") for n, group in enumerate(groups)]


def test_payloads_are_decoded_for_an_exporter_that_takes_batches(rig):
    """A pipeline without processors may end in any exporter."""
    one = rig("x")
    one.ledgers[0].put(entries(["a", "b"], ["c"]))
    exporter = ScriptedExporter(lambda batch: Reject("no", positions(batch, "b")))
    one.run({"x": (exporter, CONFIG)}, 1)
    assert exporter.bodies() == ["a", "b", "c"]
    assert one.ledgers[0].outcomes("x") == {"enqueued": 3, "exported": 2, "dead_lettered": 1}


def test_a_payload_that_cannot_be_decoded_is_counted(rig):
    """The door checks payloads, so this is all but impossible; it still ends in a named outcome."""
    one = rig("x")
    good, bad = entries(["a", "b"], ["c"])
    one.ledgers[0].put([good, bad._replace(body=b"\xff\xff", records=4)])
    exporter = ScriptedExporter()
    one.run({"x": (exporter, CONFIG)}, 1)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 6, "exported": 2, "dropped:undecodable": 4}
    assert one.ledgers[0].adds_up("x")


def test_a_warning_counts_the_records_it_is_about(rig):
    """Nothing was left out, and people learn how many records it concerns."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b", "c"]))
    one.run({"x": (ScriptedExporter(lambda batch: Ok(warning="cut", concerned=2)), CONFIG)}, 1)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 3, "exported": 3}
    assert [(event.kind, event.reason, event.count) for event in one.events] == [(EventKind.PARTIAL, "cut", 2)]


def test_a_file_that_was_moved_is_told_for_a_minute(rig):
    """Then it is a matter of the log."""
    bench = rig("x")
    exporter = ScriptedExporter(lambda batch: Ok(warning="/var/x was moved", moved=True))
    bench.ledgers[0].put(LogBatch.of({"body": ["a"], "domain": ["d"]}))
    seen = []
    for seconds in (5, 120):
        bench.ledgers[0].put(LogBatch.of({"body": ["a"], "domain": ["d"]}))
        bench.run(
            {"x": (exporter, DeliveryConfig())}, seconds, lambda engine: seen.append(engine.statistics()["x"].moved)
        )
    assert seen == ["/var/x was moved", ""]
