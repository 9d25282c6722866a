"""What tells how a thing stands is sent in its newest form alone (`Supersedes`), whatever the older ones wait for."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Supersedes
from collector.delivery.config import DeliveryConfig
from collector.outcomes import Blocked, Ok, Retry, Superseded
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch

APART = {"sending_queue": {"batch": {"min_size": 0}}}


def config(**options: Any) -> DeliveryConfig:
    return DeliveryConfig.model_validate({"timeout": "0s", **options})


class States(ScriptedExporter):
    """`k:3` is the third word about k; `k:` has no number, `text` no key."""

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        return self.order_by(batch)

    def order_by(self, batch: LogBatch) -> pl.Series:
        return batch.records.select(pl.col("body").str.extract("^(.*?):")).to_series()

    def version(self, batch: LogBatch) -> pl.Series:
        return batch.records.select(pl.col("body").str.extract(":([0-9]+)").cast(pl.Int64)).to_series()


def test_of_what_waited_together_the_newest_is_sent(rig: Any) -> None:
    """Joined, of two entries, in whatever order; what has no key or no number goes."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1", "b:1", "a:", "none"]))
    one.ledgers[0].put(text_batch(["a:3", "a:2", "none"]))
    exporter = States()
    one.run({"x": (exporter, config())}, 5)
    assert sorted(exporter.bodies()) == ["a:", "a:3", "b:1", "none", "none"]
    assert one.ledgers[0].outcomes("x") == {"enqueued": 7, "exported": 5, "dropped:superseded": 2}


@pytest.mark.parametrize("answer", [Retry("down", after_secs=60.0), Blocked("key")], ids=["retried", "blocked"])
def test_what_waits_for_its_next_attempt_gives_way(rig: Any, answer: Any) -> None:
    """The newer one came while the destination was away: the older one is not sent again, the newer one is, once."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1"]))
    one.ledgers[0].put(text_batch(["b:1"]))
    late = iter(["a:2"])

    def say(batch: LogBatch) -> Any:
        one.ledgers[0].put(text_batch(list(late)))
        return answer if len(exporter.sent) < 8 else Ok()

    exporter = States(say)
    one.run({"x": (exporter, config(**APART))}, 400)
    assert exporter.bodies().count("a:1") < 4
    assert exporter.bodies()[8:].count("a:1") == 0
    assert one.ledgers[0].outcomes("x") == {"enqueued": 3, "exported": 2, "dropped:superseded": 1}


def test_while_it_is_down_for_an_hour(rig: Any) -> None:
    """Sixty states of a thing and one of another: one message each, the last ones."""
    one = rig("x")
    for n in range(60):
        one.ledgers[0].put(text_batch([f"a:{n}"]))
    one.ledgers[0].put(text_batch(["b:1"]))
    tries: list[str] = []

    def answer(batch: LogBatch) -> Any:
        tries.extend(batch.column("body"))
        return Retry("down") if len(tries) < 8 else Ok()

    exporter = States(answer)
    one.run({"x": (exporter, config(**APART))}, 3600)
    assert set(tries) == {"a:59", "b:1"}
    assert one.ledgers[0].outcomes("x") == {"enqueued": 61, "exported": 2, "dropped:superseded": 59}


def test_the_same_key_of_another_domain_is_another_thing(rig: Any) -> None:
    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1"], "first.example"))
    one.ledgers[0].put(text_batch(["a:2"], "second.example"))
    exporter = States()
    one.run({"x": (exporter, config(**APART))}, 5)
    assert sorted(exporter.bodies()) == ["a:1", "a:2"]


def test_an_exporter_may_say_so_itself(rig: Any) -> None:
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b", "c"]))
    exporter = ScriptedExporter(lambda batch: [Superseded(pl.Series([0, 2], dtype=pl.UInt32).to_numpy()), Ok()])
    one.run({"x": (exporter, config())}, 5)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 3, "exported": 1, "dropped:superseded": 2}


def test_a_defect_in_a_version_stops_nobody(rig: Any) -> None:
    class Broken(States):
        def version(self, batch: LogBatch) -> pl.Series:
            raise KeyError("private")

    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1"]))
    exporter = Broken()
    one.run({"x": (exporter, config())}, 5)
    assert exporter.bodies() == ["a:1"]
    assert "private" not in str(one.events)


def test_the_power_is_seen_at_run_time() -> None:
    assert isinstance(States(), Supersedes)
    assert not isinstance(ScriptedExporter(), Supersedes)
