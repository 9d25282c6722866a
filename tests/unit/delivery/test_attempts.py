"""A limit on repetitions counts for each record alone, and what is over it is a dead letter with its reason."""

from __future__ import annotations

import numpy as np

from collector.delivery.config import DeliveryConfig
from collector.outcomes import Blocked, Ok, Retry, Split
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch

CONFIG = DeliveryConfig()


def positions(batch, *bodies):
    return np.flatnonzero(batch.column("body").is_in(list(bodies)).to_numpy()).astype(np.uint32)


def reasons(ledger):
    return sorted(letter.reason for _, letter in ledger.dead_letters)


def test_as_many_attempts_as_the_limit_says(rig):
    """A limit of two repetitions means three attempts for all records of the request."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b"]))
    exporter = ScriptedExporter(lambda batch: Retry("busy", at_most=2))
    one.run({"x": (exporter, CONFIG)}, 600)
    assert exporter.bodies() == ["a", "b"] * 3
    assert one.ledgers[0].outcomes("x") == {"enqueued": 2, "dead_lettered": 2}
    assert reasons(one.ledgers[0]) == ["busy (attempt 3 was the last)"]
    assert one.ledgers[0].adds_up("x")


def test_each_record_has_its_own_count(rig):
    """A record that was refused later than its neighbour is repeated as often as that was."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["early", "late", "fine"]))
    calls = []

    def answer(batch):
        calls.append(batch.column("body").to_list())
        verdicts = [Retry("early", positions(batch, "early"), at_most=1)]
        late = Retry("late", positions(batch, "late"), at_most=None if len(calls) == 1 else 1)
        return [*verdicts, late]

    one.run({"x": (ScriptedExporter(answer), CONFIG)}, 600)
    assert calls == [["early", "late", "fine"], ["early", "late"], ["late"]]
    assert one.ledgers[0].outcomes("x") == {"enqueued": 3, "exported": 1, "dead_lettered": 2}
    assert reasons(one.ledgers[0]) == ["early (attempt 2 was the last)", "late (attempt 2 was the last)"]


def test_no_repetition_at_all(rig):
    """A limit of none is one attempt."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a"]))
    exporter = ScriptedExporter(lambda batch: Retry("busy", at_most=0))
    one.run({"x": (exporter, CONFIG)}, 60)
    assert exporter.bodies() == ["a"]
    assert reasons(one.ledgers[0]) == ["busy (attempt 1 was the last)"]


def test_what_is_no_failure_of_a_record_is_not_counted(rig):
    """A destination that is closed to all, or wants less at once, uses up nobody's attempts."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b"]))
    script = iter([Blocked("token"), Blocked("token"), Retry("busy", at_most=1), Split("too large")])
    exporter = ScriptedExporter(lambda batch: next(script, Ok()))
    one.run({"x": (exporter, CONFIG)}, 600)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 2, "exported": 2}
