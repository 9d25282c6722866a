"""What is kept of records: counts, some of them, none, as people decided about their pattern; never less of errors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl
import pytest

from collector.batch import LogBatch, ValueKind, concat
from collector.component import Applied, Command, Context, Refused
from collector.shaping.aggregation import COUNT
from collector.testing.contract import misfits
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of
from collector.testing.text_batch import text_batch
from collector.testing.work import FakeWork
from processors.aggregate import FACTORY, about
from processors.aggregate.decisions import expression
from processors.aggregate.processor import EVENT, RATE, Aggregate

A, B = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"


def component(**options: object) -> Aggregate:
    made = FACTORY.create(FACTORY.config.model_validate(options), Context("aggregate", None))
    assert isinstance(made, Aggregate)
    return made


def records(count: int, pattern: str = A, domain: str = "a.com", severity: int = 9, level: str = "info") -> LogBatch:
    batch = text_batch([f"took {n} ms" for n in range(count)], domain)
    batch = batch.with_fields(
        {"severity_number": pl.Series([severity] * count), "time_unix_nano": pl.Series([60 * 10**9] * count)}
    )
    told = {"logboom.pattern.id": pattern, "logboom.pattern.template": "took <*> ms", "logboom.triage.level": level}
    return batch.with_attributes({key: pl.Series([value] * count) for key, value in told.items()})


def command(verb: str, pattern: str = A, **more: object) -> Command:
    attributes = {"logboom.pattern.id": pattern, **{f"logboom.pattern.{key}": value for key, value in more.items()}}
    return Command("c1", f"logboom.command.pattern.{verb}", "a.com", "ann", "too much", attributes, 5)  # type: ignore[arg-type]


def test_it_keeps_the_contract() -> None:
    assert misfits(FACTORY) == []


def test_a_level_becomes_counts_with_the_template_as_body() -> None:
    work = FakeWork()
    found = component(store={"debug": "aggregate"}).process(records(7, level="debug", severity=5), work)
    assert (found.column("body").to_list(), found.attribute(COUNT, ValueKind.INT).to_list()) == (["took <*> ms"], [7])
    assert work.counts == {("a.com", "aggregated"): 7, ("a.com", "created"): 1}


@pytest.mark.parametrize(("verb", "left", "counts"), [
    ("drop", 0, {("a.com", "dropped:pattern"): 400}),
    ("aggregate", 1, {("a.com", "aggregated"): 400, ("a.com", "created"): 1}),
    ("keep", 400, {}),
])  # fmt: skip
def test_a_decision_holds_for_the_pattern_of_its_domain(
    verb: str, left: int, counts: dict[tuple[str, str], int]
) -> None:
    aggregate, work = component(), FakeWork()
    assert aggregate.command(command(verb), work) == Applied({"id": A, "decision": verb, "one_in": 1})
    assert len(aggregate.process(records(400), work)) == left
    assert work.counts == counts
    assert len(aggregate.process(records(3, B), work)) == len(aggregate.process(records(3, domain="b.com"), work)) == 3
    assert [emitted.kind for emitted in work.emitted] == [EVENT]


def test_a_sample_says_for_how_many_it_stands_and_is_the_same_again() -> None:
    aggregate, work = component(), FakeWork()
    aggregate.command(command("sample", one_in=10), work)
    one, two = (aggregate.process(records(2000), work) for _ in range(2))
    assert 120 < len(one) < 290
    assert one.column("record_id").to_list() == two.column("record_id").to_list()
    assert set(one.attribute(RATE, ValueKind.INT)) == {10}
    assert work.counts["a.com", "dropped:sampled"] == 2 * (2000 - len(one))


@pytest.mark.parametrize(("severity", "level"), [(17, "warning"), (21, "critical"), (9, "critical")])
@pytest.mark.parametrize("verb", ["drop", "sample", "aggregate"])
def test_errors_are_never_touched(severity: int, level: str, verb: str) -> None:
    aggregate, work = component(), FakeWork()
    aggregate.command(command(verb), work)
    batch = records(50, severity=severity, level=level)
    assert aggregate.process(batch, work) is batch
    assert work.counts == {}


def test_keep_takes_it_back() -> None:
    aggregate, work = component(), FakeWork()
    for verb in ("drop", "sample", "keep"):
        aggregate.command(command(verb), work)
    batch = records(5)
    assert aggregate.process(batch, work) is batch
    assert work.states["a.com"].values == {}


@pytest.mark.parametrize(
    "wrong", [command("drop", "x"), command("sample", one_in=1), command("sample", one_in="7"), command("drop", "")]
)
def test_what_makes_no_sense_is_refused(wrong: Command) -> None:
    work = FakeWork()
    assert isinstance(component().command(wrong, work), Refused)
    assert work.states["a.com"].values == {}


def test_decisions_are_bounded() -> None:
    aggregate, work = component(), FakeWork()
    told = [aggregate.command(command("drop", f"{n:016x}"), work) for n in range(1001)]
    assert [isinstance(each, Refused) for each in told] == [False] * 1000 + [True]


def mixed(bodies: Sequence[str]) -> LogBatch:
    return text_batch(bodies, ["a.com", "b.com"][: len(bodies)])


def test_records_without_a_pattern_pass() -> None:
    aggregate, work = component(), FakeWork()
    aggregate.command(command("drop"), work)
    assert len(aggregate.process(mixed(["x", "y"]), work)) == 2


def said(lines: Sequence[str], pattern: str = B) -> LogBatch:
    """Records of a pattern, some of them as another one was."""
    batch = text_batch(list(lines), "a.com")
    told = {
        "logboom.pattern.id": pattern,
        "logboom.pattern.template": "user <*> said <*>",
        "logboom.triage.level": "info",
    }
    return batch.with_attributes({key: pl.Series([value] * len(lines)) for key, value in told.items()})


def merger(gone: str, template: str, into: str) -> LogBatch:
    """What `patterns` tells in the same step."""
    attributes = {"logboom.pattern.id": gone, "logboom.pattern.template": template, "logboom.pattern.merged_into": into,
                  "logboom.triage.level": "debug"}  # fmt: skip
    return marked(
        batch_of([Row("r" * 26, list(attributes.items()), fields={"domain": "a.com"})]), ["logboom.pattern.changed"]
    )


def left(aggregate: Aggregate, work: FakeWork, *parts: LogBatch) -> list[str]:
    found = aggregate.process(concat(list(parts)), work)
    return [str(body) for body in found.filter(pl.Series(found.column("event_name") == "")).column("body")]


LINES = ["user alice said 7", "user bob said 8", "user alice  said 99 things"]


def test_what_was_decided_goes_on_where_a_pattern_becomes_part_of_another() -> None:
    """In the same step, for its own lines, over further mergers; the event itself passes."""
    aggregate, work = component(store={"debug": "aggregate"}), FakeWork()
    aggregate.command(command("drop"), work)
    first = aggregate.process(concat([said(LINES), merger(A, "user alice said <*>", B)]), work)
    assert first.column("body").to_list() == ["user bob said 8", "text"]
    assert work.counts == {("a.com", "dropped:pattern"): 2}
    c = "c" * 16
    assert left(aggregate, work, said(LINES, c), merger(B, "user <*> said <*>", c)) == ["user bob said 8"]
    assert left(aggregate, work, said(LINES, "d" * 16)) == LINES
    assert left(component(), work, said(LINES, c)) == ["user bob said 8"], "after a restart"


@pytest.mark.parametrize(("verb", "pattern", "stay"), [
    ("keep", A, LINES), ("keep", B, LINES), ("drop", B, []), ("keep", "e" * 16, ["user bob said 8"]),
])  # fmt: skip
def test_what_is_decided_about_the_other_leads(verb: str, pattern: str, stay: list[str]) -> None:
    """And `keep` of either ends it."""
    aggregate, work = component(), FakeWork()
    aggregate.command(command("drop"), work)
    left(aggregate, work, said(LINES), merger(A, "user alice said <*>", B))
    aggregate.command(command(verb, pattern), work)
    assert left(aggregate, work, said(LINES)) == stay


def test_a_pattern_that_stands_for_more_is_decided_about_as_it_was() -> None:
    """The id stays, the template is wider: what nobody saw stays."""
    aggregate, work = component(), FakeWork()
    aggregate.command(command("drop", B, template="user alice said <*>"), work)
    assert left(aggregate, work, said(LINES)) == ["user bob said 8"]
    aggregate.command(command("drop", B, template="user <*> said <*>"), work)
    assert left(aggregate, work, said(LINES)) == []
    c = "c" * 16
    assert left(aggregate, work, said(LINES, c), merger(B, "user <*> <*> <*>", c)) == []


def test_what_does_not_occur_costs_no_look_at_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A domain may have a thousand decisions."""
    aggregate, work = component(), FakeWork()
    for number in range(40):
        aggregate.command(command("drop", f"{number:016x}", template=f"line {number} <*>"), work)
    aggregate.command(command("drop", B, template="user alice said <*>"), work)
    looked = []
    fitting = about._fitting
    monkeypatch.setattr(about, "_fitting", lambda *asked: looked.append(asked[-1].template) or fitting(*asked))
    assert left(aggregate, work, said(LINES)) == ["user bob said 8"]
    assert looked == ["user alice said <*>"]


def test_mergers_of_others_move_nothing() -> None:
    aggregate, work = component(), FakeWork()
    aggregate.command(command("drop"), work)
    before = dict(work.states["a.com"].values)
    assert left(aggregate, work, said(LINES), merger("e" * 16, "x <*>", B)) == LINES
    assert work.states["a.com"].values == before


def test_a_template_stands_for_its_lines() -> None:
    """Signs of expressions are themselves."""
    assert re.search(expression("took (<*> ms) [a.b] $5 <*>"), "took (12 ms) [a.b]  $5 x")
    assert not re.search(expression("a.b <*>"), "aXb 7")
