"""`log_dedup` beyond the Collector's own cases: over steps, domains, restarts and attempts that came to nothing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import otlp_wire
from collector.batch import LogBatch, ValueKind, concat
from collector.component import Context
from collector.testing.work import FakeWork
from processors.log_dedup import FACTORY
from processors.log_dedup.processor import LogDedup

START = 1_700_000_000_000_000_000
SECOND = 10**9


def _made(**options: Any) -> LogDedup:
    made: LogDedup = FACTORY.create(FACTORY.config.model_validate(options), Context("log_dedup", Path()))
    return made


def _batch(*bodies: str, domain: str = "a.example", **attributes: Any) -> LogBatch:
    ids = [f"{domain}-{body}-{at}" for at, body in enumerate(bodies)]
    columns = {"body": bodies, "domain": [domain] * len(bodies), "record_id": ids}
    return LogBatch.of(columns, {key: [value] * len(bodies) for key, value in attributes.items()})


def _flushed(processor: LogDedup, work: FakeWork) -> dict[str, int]:
    """Body → count of what goes on when all intervals are over."""
    work.now_unix_nano = max([work.now_unix_nano, *work.timers.values()])
    work.run_due(processor)
    batch, work.released = concat(work.released), []
    return dict(zip(batch.column("body"), batch.attribute("log_count", ValueKind.INT), strict=True))


def test_counts_go_on_over_steps_and_begin_anew() -> None:
    """One record a group, the first, when the interval is over; then another interval."""
    processor, work = _made(), FakeWork()
    first = _batch("x", "y", "x")
    assert not len(processor.process(first, work))
    work.now_unix_nano += 4 * SECOND
    assert not len(processor.process(_batch("x", "z"), work))
    assert work.timers == {("a.example", "interval"): START + 10 * SECOND}
    work.now_unix_nano += 7 * SECOND
    work.run_due(processor)
    (done,) = work.released
    assert done.column("body").to_list() == ["x", "y", "z"]
    assert done.attribute("log_count", ValueKind.INT).to_list() == [3, 1, 1]
    assert done.column("record_id").to_list() == [*first.column("record_id")[:2], "a.example-z-1"]
    assert done.column("time_unix_nano").to_list() == [START + 10 * SECOND] * 3
    assert done.column("observed_time_unix_nano").to_list() == [START, START, START + 4 * SECOND]
    assert done.attribute("first_observed_timestamp").to_list() == ["2023-11-14T22:13:20Z"] * 2 + [
        "2023-11-14T22:13:24Z"
    ]
    assert done.attribute("last_observed_timestamp")[0] == "2023-11-14T22:13:24Z"
    assert not work.states["a.example"].values
    assert work.counts["a.example", "aggregated"] == 5
    work.released = []
    processor.process(_batch("x"), work)
    assert _flushed(processor, work) == {"x": 1}


def test_domains_are_apart() -> None:
    """The same record of two domains is two."""
    processor, work = _made(), FakeWork()
    processor.process(concat([_batch("x"), _batch("x", domain="b.example"), _batch("x")]), work)
    work.now_unix_nano += 10 * SECOND
    assert work.run_due(processor) == 2
    told = concat(work.released)
    assert dict(zip(told.column("domain"), told.attribute("log_count", ValueKind.INT), strict=True)) == {
        "a.example": 2,
        "b.example": 1,
    }


def _with_map(**pairs: Any) -> LogBatch:
    any_ = [otlp_wire.any_from_python(pairs)]
    return LogBatch.of({"body_any": any_, "domain": ["d"]}, {"k": [1]})


@pytest.mark.parametrize(
    ("options", "first", "second", "groups"),
    [
        ({}, _batch("x", k=1), _batch("x", k=1), 1),
        ({}, _batch("x", k=1), _batch("x", k=True), 2),
        ({}, _batch("x", k=1), _batch("x", k="1"), 2),
        ({}, _batch("x", k=1, l=2), _batch("x", l=2, k=1), 1),
        ({}, _batch("x", k="y"), _batch("y", k="x"), 2),
        ({}, _with_map(a=1, b={"c": 2, "d": 3}), _with_map(b={"d": 3, "c": 2}, a=1), 1),
        ({}, _with_map(a=1), _with_map(a=2), 2),
        ({"exclude_fields": ["body.b.d"]}, _with_map(a=1, b={"c": 2, "d": 3}), _with_map(a=1, b={"c": 2, "d": 4}), 1),
        ({"exclude_fields": ["attributes"]}, _batch("x", k=1), _batch("x", k=2, z=3), 1),
        ({"exclude_fields": ["attributes.a\\.b"]}, _batch("x", **{"a.b": 1}), _batch("x", **{"a.b": 2}), 1),
        ({"include_fields": ["attributes.k"]}, _batch("x", k=1), _batch("y", k=1), 1),
        ({"include_fields": ["attributes.k"]}, _batch("x", k=1), _batch("x", k=2), 2),
        ({"include_fields": ["attributes.k"]}, _batch("x"), _batch("y"), 2),
        ({"include_fields": ["attributes.k", "body.a"]}, _with_map(a=1, z=1), _with_map(a=1, z=2), 1),
    ],
)  # fmt: skip
def test_what_is_the_same(options: dict[str, Any], first: LogBatch, second: LogBatch, groups: int) -> None:
    """In one step, and over two."""
    for steps in ([concat([first, second])], [first, second]):
        processor, work = _made(**options), FakeWork()
        for batch in steps:
            processor.process(batch, work)
        work.now_unix_nano += 10 * SECOND
        work.run_due(processor)
        assert [len(batch) for batch in work.released] == [groups]
        assert sum(work.released[0].attribute("log_count", ValueKind.INT)) == 2


def test_counts_are_exact_whatever_dies() -> None:
    """Steps that came to nothing are done again, by this instance or a new one; what was committed counts once."""
    drawn = random.Random(7)
    processor, work, sent = _made(), FakeWork(), {}
    for _ in range(120):
        bodies = [f"b{drawn.randrange(12)}" for _ in range(drawn.randrange(1, 30))]
        before = dict(work.states["a.example"].values)
        processor.process(_batch(*bodies), work)
        match drawn.randrange(4):
            case 0:  # the step failed, and only half of it is tried again before the death of the process
                work.states["a.example"].values = dict(before)
                processor.process(_batch(*bodies[: len(bodies) // 2]), work)
                work.states["a.example"].values = dict(before)
                processor = _made()
                processor.process(_batch(*bodies), work)
            case 1:  # it failed and is done again
                work.states["a.example"].values = dict(before)
                processor.process(_batch(*bodies), work)
            case 2:  # the process died behind the commit
                processor = _made()
        for body in bodies:
            sent[body] = sent.get(body, 0) + 1
    assert _flushed(processor, work) == sent


def test_above_its_budget_a_domain_lets_go_at_once() -> None:
    """Nothing is lost: what is held joins the step."""
    processor, work = _made(), FakeWork()
    processor.process(_batch("x", "y"), work)
    work.states["a.example"].excess = 1
    done = processor.process(_batch("x"), work)
    assert dict(zip(done.column("body"), done.attribute("log_count", ValueKind.INT), strict=True)) == {"x": 2, "y": 1}
    assert not work.timers
    assert not work.states["a.example"].values


def test_times_are_written_in_the_zone() -> None:
    """With its offset, as RFC 3339 asks."""
    processor, work = _made(timezone="America/New_York", log_count_attribute="n"), FakeWork()
    processor.process(_batch("x"), work)
    work.now_unix_nano += 10 * SECOND
    work.run_due(processor)
    assert work.released[0].attribute("first_observed_timestamp").to_list() == ["2023-11-14T17:13:20-05:00"]
    assert work.released[0].attribute("n", ValueKind.INT).to_list() == [1]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"interval": "0s"}, "greater than 0"),
        ({"log_count_attribute": ""}, "must be set"),
        ({"exclude_fields": ["body"]}, "entire body"),
        ({"include_fields": ["resource.x"]}, "must start with"),
        ({"include_fields": ["body.a"], "exclude_fields": ["body.b"]}, "cannot define both"),
        ({"conditions": ["nonsense("]}, "nonsense"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], problem: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match=problem):
        FACTORY.config.model_validate(options)
