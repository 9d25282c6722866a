"""Issues as people meet them: made, counted, regressed, archived, escalated, merged; told once each, in event time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Applied, Command, Context, Refused
from collector.samples import batch_of
from collector.testing.contract import misfits
from collector.testing.events import marked
from collector.testing.work import FakeWork
from processors.issues import FACTORY
from processors.issues.config import IssuesConfig
from processors.issues.processor import ID, Issues
from processors.issues.shelf import Shelf

SECOND, MINUTE, HOUR, DAY = 10**9, 60 * 10**9, 3600 * 10**9, 86_400 * 10**9
START = 1_800_000_000 * SECOND
LEVEL = "logboom.triage.level"


@dataclass
class World:
    """A processor, its transaction, and records that are received when they happen."""

    config: Mapping[str, Any] = field(default_factory=dict)
    work: FakeWork = field(default_factory=lambda: FakeWork(now_unix_nano=START))

    def __post_init__(self) -> None:
        self.issues = Issues(IssuesConfig(**self.config), Context("issues", Path()))

    def send(
        self, *bodies: str, at: int = START, received: int | None = None, level: str = "critical", **resource: str
    ) -> LogBatch:
        """Records of one service in a batch; gives what the processor gave."""
        named = {"service.name": "shop", **{key.replace("_", "."): value for key, value in resource.items()}}
        samples = [{"body": body, "severity": "ERROR", "time_unix_nano": at, "resource": named} for body in bodies]
        batch = batch_of(samples).with_attributes({LEVEL: pl.Series([level] * len(bodies))})
        batch = received_at(batch, at if received is None else received)
        self.work.now_unix_nano = max(self.work.now_unix_nano, at)
        return self.issues.process(batch, self.work)

    def tick(self, at: int) -> None:
        """Time goes on; what is due runs, one after the other."""
        self.work.now_unix_nano = at
        while self.work.run_due(self.issues):
            pass

    def command(self, verb: str, id_: str, at: int = START, **said: Any) -> Applied | Refused:
        attributes = {ID: id_, **{f"logboom.issue.{key}": value for key, value in said.items()}}
        return self.issues.command(
            Command("c", f"logboom.command.issue.{verb}", "default", "anna", "because", attributes, at), self.work
        )

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """(last word of the event's name, attributes), in order."""
        return [
            (each.kind.rpartition(".")[2], row)
            for each in self.work.emitted
            for row in each.records.derived.iter_rows(named=True)
        ]

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told]

    @property
    def last(self) -> dict[str, Any]:
        return self.told[-1][1]


def received_at(batch: LogBatch, at: int) -> LogBatch:
    stamped = batch.payloads.with_columns(received_unix_ms=pl.lit(at // 1_000_000, pl.UInt64))
    return replace(batch, payloads=stamped)


def ids(batch: LogBatch) -> list[str | None]:
    return batch.attribute(ID).to_list()


def test_the_factory_says_what_the_component_does() -> None:
    assert misfits(FACTORY) == []


def test_errors_get_an_issue_and_others_none() -> None:
    world = World()
    assert ids(world.send("disk is full", "disk is full", "out of ink")) == (
        [world.told[0][1]["logboom.issue.id"]] * 2 + [world.told[1][1]["logboom.issue.id"]]
    )
    assert world.kinds == ["created", "created"]
    assert ID not in world.send("all is well", level="info").derived.columns


def test_an_issue_says_whom_it_concerns() -> None:
    world = World({"owners": [{"service": "sh*", "team": "till"}]})
    world.send("disk 7 is full", "disk 8 is full", service_version="1.2")
    said = world.last
    assert said["logboom.issue.events"] == 2
    assert said["logboom.issue.services"] == '{"shop":2}'
    assert said["logboom.issue.versions"] == '{"1.2":2}'
    assert said["logboom.issue.owner"] == "team:till"
    assert (said["logboom.issue.state"], said["logboom.issue.priority"]) == ("new", "high")
    assert said["service.name"] == "shop"


def test_counts_are_told_once_a_minute_and_the_last_ones_by_a_tick() -> None:
    world = World()
    for second in range(0, 150, 10):
        world.send("disk is full", at=START + second * SECOND)
    assert world.kinds == ["created", "changed", "changed"]
    assert world.last["logboom.issue.events"] == 13
    world.tick(START + 200 * SECOND)
    assert world.kinds == ["created", "changed", "changed", "changed"]
    assert world.last["logboom.issue.events"] == 15
    assert world.last["logboom.issue.activity"] is None if "logboom.issue.activity" in world.last else True
    versions = [row["logboom.version"] for _, row in world.told]
    assert versions == sorted(set(versions))


def test_after_a_week_it_is_ongoing() -> None:
    world = World()
    world.send("disk is full")
    world.tick(START + 7 * DAY - 1)
    assert world.kinds == ["created"]
    world.tick(START + 7 * DAY)
    assert world.last["logboom.issue.state"] == "ongoing"


def test_what_was_resolved_and_comes_again_has_regressed() -> None:
    world = World()
    issue = str(ids(world.send("disk is full"))[0])
    assert isinstance(world.command("resolve", issue, START + MINUTE), Applied)
    assert world.last["logboom.issue.state"] == "resolved"
    world.send("disk is full", at=START + 30 * SECOND, received=START + 90 * SECOND)  # it happened before
    assert world.kinds[-1] != "regressed"
    world.send("disk is full", at=START + 2 * MINUTE)
    assert (world.kinds[-1], world.last["logboom.issue.state"]) == ("regressed", "regressed")
    world.tick(START + 2 * MINUTE + 7 * DAY)
    assert world.last["logboom.issue.state"] == "ongoing"


@pytest.mark.parametrize(
    ("said", "version", "regresses"),
    [
        ({"version": "2.10.0"}, "2.9.1", False),
        ({"version": "2.10.0"}, "2.10.0", True),
        ({"version": "2.10.0"}, "2.10.0-rc1", False),
        ({"version": "v2.10"}, "v3", True),
        ({"next_release": True}, "1.0", False),
        ({"next_release": True}, "1.1", True),
    ],
)
def test_what_is_resolved_in_a_version_may_still_happen_in_older_ones(
    said: dict[str, Any], version: str, regresses: bool
) -> None:
    world = World()
    issue = str(ids(world.send("disk is full", service_version="1.0"))[0])
    world.command("resolve", issue, START + SECOND, **said)
    world.send("disk is full", at=START + MINUTE, service_version=version)
    assert (world.kinds[-1] == "regressed") is regresses


def test_the_next_release_is_none_that_ran_already() -> None:
    """Though it had no such error until then."""
    world = World()
    issue = str(ids(world.send("disk is full", service_version="1.0"))[0])
    world.send("all is well", at=START + SECOND, level="info", service_version="1.1")
    world.command("resolve", issue, START + MINUTE, next_release=True)
    world.send("disk is full", at=START + 2 * MINUTE, service_version="1.1")
    assert world.kinds[-1] != "regressed"
    world.send("disk is full", at=START + 3 * MINUTE, service_version="1.2")
    assert world.kinds[-1] == "regressed"


def test_a_burst_escalates_though_a_week_would_not_notice() -> None:
    """Thirty hours of two events an hour; then 300 within a quarter of an hour."""
    world = World()
    for hour in range(30):
        world.send("disk is full", "disk is full", at=START + hour * HOUR)
        world.tick(START + hour * HOUR + 2 * MINUTE)
    assert "escalating" not in world.kinds
    for minute in range(15):
        world.send(*["disk is full"] * 20, at=START + 30 * HOUR + minute * MINUTE)
    assert world.kinds.count("escalating") == 1
    escalated = next(row for kind, row in world.told if kind == "escalating")
    assert "within 1 minute" in escalated["logboom.issue.reason"]
    world.tick(START + 33 * DAY)
    assert world.last["logboom.issue.state"] == "ongoing"
    assert world.last["logboom.issue.reason"] == "below its ceiling for a day"


def test_late_records_count_and_never_escalate() -> None:
    """A backlog after an outage is no spike."""
    world = World()
    for hour in range(30):
        world.send("disk is full", "disk is full", at=START + hour * HOUR)
    before = world.last["logboom.issue.events"]
    world.send(*["disk is full"] * 500, at=START + 30 * HOUR, received=START + 31 * HOUR)
    world.tick(START + 31 * HOUR + 2 * MINUTE)
    assert "escalating" not in world.kinds
    assert world.last["logboom.issue.events"] >= before + 500


def test_a_clock_that_is_ahead_is_taken_for_a_minute_at_most() -> None:
    world = World()
    world.send("disk is full", at=START + 5 * HOUR, received=START)
    assert world.last["logboom.issue.last_seen"] == START + MINUTE


@pytest.mark.parametrize(
    ("said", "then", "state"),
    [
        ({}, 1, "archived"),
        ({}, 60, "escalating"),
        ({"until": "forever"}, 400, "archived"),
        ({"until": "condition", "events": 5}, 4, "archived"),
        ({"until": "condition", "events": 5}, 5, "ongoing"),
    ],
)
def test_archived_until(said: dict[str, Any], then: int, state: str) -> None:
    world = World()
    issue = str(ids(world.send("disk is full"))[0])
    assert isinstance(world.command("archive", issue, START + SECOND, **said), Applied)
    world.send(*["disk is full"] * then, at=START + 2 * HOUR)
    assert Shelf(world.work.state("default")).load([issue])[issue].state == state


def test_archived_for_a_time() -> None:
    world = World()
    issue = str(ids(world.send("disk is full"))[0])
    world.command("archive", issue, START, until="condition", seconds=3600)
    world.tick(START + HOUR - 1)
    assert world.last["logboom.issue.state"] == "archived"
    world.tick(START + HOUR)
    assert (world.kinds[-1], world.last["logboom.issue.state"]) == ("reopened", "ongoing")


def test_two_issues_that_are_merged_stay_one_for_ever_until_they_are_split() -> None:
    world = World()
    one, other = (str(ids(world.send(body))[0]) for body in ("disk is full", "no space left"))
    assert isinstance(world.command("merge", one, START, **{"with": other}), Applied)
    assert [(kind, row["logboom.issue.id"]) for kind, row in world.told[-2:]] == [("merged", other), ("changed", one)]
    assert world.last["logboom.issue.events"] == 2
    again = World(work=world.work)  # another process
    assert ids(again.send("no space left", at=START + HOUR)) == [one]
    assert again.command("assign", other, assignee="ben") == again.command("assign", one, assignee="ben")
    assert isinstance(again.command("split", one, grouping=other), Applied)
    assert ids(again.send("no space left", at=START + 2 * HOUR)) == [other]


def test_people_say_who_looks_after_it_and_how_much_it_matters() -> None:
    world = World()
    issue = str(ids(world.send("disk is full"))[0])
    world.command("acknowledge", issue, START + MINUTE)
    assert (world.last["logboom.issue.change"], world.last["logboom.issue.acknowledged"]) == (
        "acknowledged",
        START + MINUTE,
    )
    world.command("assign", issue, assignee="team:till")
    assert (world.kinds[-1], world.last["logboom.issue.assignee"]) == ("assigned", "team:till")
    world.command("priority", issue, priority="low")
    assert world.last["logboom.issue.priority"] == "low"
    assert world.last["logboom.issue.who"] == "anna"


@pytest.mark.parametrize(
    ("verb", "said", "why"),
    [
        ("resolve", {"version": "1", "next_release": True}, "either in a version"),
        ("archive", {"until": "sunday"}, "until what"),
        ("archive", {"until": "condition"}, "needs so many"),
        ("archive", {"until": "condition", "events": -1}, "no number"),
        ("unarchive", {}, "neither archived"),
        ("merge", {"with": "0123456789abcdef"}, "there is no issue"),
        ("split", {"grouping": "x"}, "can be split off: none"),
        ("priority", {"priority": "urgent"}, "one of low"),
    ],
)
def test_what_can_not_be_done_is_refused_in_words(verb: str, said: dict[str, Any], why: str) -> None:
    world = World()
    issue = str(ids(world.send("disk is full"))[0])
    refused = world.command(verb, issue, **said)
    assert isinstance(refused, Refused)
    assert why in refused.reason
    unknown = world.command(verb, "ffff", **said)
    assert isinstance(unknown, Refused)
    assert "no issue ffff" in unknown.reason


def test_what_a_model_wrote_stands_beside_what_is_known() -> None:
    """Cut, marked with the model, over restarts; no state, level or cause changes, and what is no list is refused."""
    world = World()
    (issue,) = ids(world.send("no paper", at=START))
    written = {
        "summary": "s" * 9000,
        "model": "small-1",
        "hypotheses": '[{"claim": "c", "check": "d", "run": "rm"}, 7, {"claim": ""}]',
    }
    before = world.last
    done = world.command("describe", str(issue), START + MINUTE, **written)
    assert isinstance(done, Applied)
    after = world.last
    assert orjson.loads(after["logboom.issue.generated"]) == {
        "summary": "s" * 2000, "hypotheses": [{"claim": "c", "check": "d"}], "model": "small-1", "at": START + MINUTE,
    }  # fmt: skip
    same = ("state", "level", "priority", "cause", "suggestion", "assignee")
    assert [after.get(f"logboom.issue.{name}") for name in same] == [
        before.get(f"logboom.issue.{name}") for name in same
    ]
    for wrong in ({"summary": ""}, {"model": ""}, {"hypotheses": "[{"}):
        assert isinstance(world.command("describe", str(issue), START + MINUTE, **{**written, **wrong}), Refused)


def test_domains_have_issues_of_their_own() -> None:
    world = World()
    batch = batch_of([{"body": "disk is full", "severity": "ERROR"}] * 2)
    both = batch.with_fields({"domain": pl.Series(["a.com", "b.com"])})
    world.issues.process(both.with_attributes({LEVEL: pl.Series(["critical"] * 2)}), world.work)
    assert world.kinds == ["created", "created"]
    assert [len(list(Shelf(world.work.state(domain)).all())) for domain in ("a.com", "b.com", "c.com")] == [1, 1, 0]


def test_the_same_run_gives_the_same_bytes() -> None:
    def run() -> tuple[dict[bytes, bytes], list[dict[str, Any]]]:
        world = World()
        for minute in range(90):
            world.send("disk 7 is full", "no space left", at=START + minute * MINUTE)
            world.tick(START + minute * MINUTE + SECOND)
        stable = [{k: v for k, v in row.items() if k != "logboom.issue.samples"} for _, row in world.told]
        return world.work.state("default").values, stable

    (one, told), (other, told_again) = run(), run()
    assert one.keys() == other.keys()
    assert told == told_again


def test_more_issues_than_may_be_remembered_are_one() -> None:
    world = World({"max_issues": 10})
    for number in range(40):
        world.send(f"{chr(97 + number % 26)}{chr(97 + number // 26)} is broken", at=START + number * SECOND)
    shelf = Shelf(world.work.state("default"))
    assert shelf.number <= 11
    assert shelf.load(["0" * 16])["0" * 16].events >= 28


def test_above_the_budget_the_least_telling_is_forgotten() -> None:
    world = World()
    issues = [str(ids(world.send(f"{name} is broken", at=START + at))[0]) for at, name in enumerate("abcdef")]
    world.command("resolve", issues[3], START + MINUTE)
    world.work.state("default").excess = 10
    world.send("a new one", at=START + HOUR)
    left = {issue.id for issue in Shelf(world.work.state("default")).all()}
    assert issues[3] not in left
    assert set(issues) - left == {issues[3]}


def test_an_anomaly_is_an_issue_of_its_category() -> None:
    world = World()
    said = {
        "logboom.anomaly.key": "silence shop",
        "logboom.anomaly.category": "prediction",
        "logboom.anomaly.page": True,
    }
    sample = {
        "body": "shop will be full in 6 h",
        "attributes": said,
        "resource": {"service.name": "shop"},
        "time_unix_nano": START,
    }
    sent = batch_of([sample]).with_fields({"event_name": pl.Series(["logboom.anomaly.trend"])})
    assert world.issues.process(sent, world.work) is sent  # what was sent is no event
    made = marked(batch_of([sample, {**sample, "body": "shop will be full in 5 h"}]), ["logboom.anomaly.trend"] * 2)
    out = world.issues.process(received_at(made, START), world.work)
    assert len(set(ids(out))) == 1
    assert world.last["logboom.issue.category"] == "prediction"
    assert world.last["logboom.issue.priority"] == "high"
    assert world.last["logboom.issue.title"] == "shop will be full in 6 h"


def anomaly(
    world: World, at: int, *, page: bool = False, over: bool = False, category: str = "anomaly"
) -> list[str | None]:
    """The issue of what is told of a shop that is unusual."""
    said = {
        f"logboom.anomaly.{key}": value
        for key, value in (("key", "spike shop"), ("category", category), ("page", page))
    }
    if over:
        said["logboom.anomaly.over"] = "2026-03-01T12:00:00Z"
    sample = {"body": "more than usual", "attributes": said, "resource": {"service.name": "shop"}, "time_unix_nano": at}
    made = marked(batch_of([sample]), ["logboom.anomaly.spike"])
    return ids(world.issues.process(received_at(made, at), world.work))


def test_what_is_only_unusual_opens_no_issue_and_is_a_line_in_one_that_is_open() -> None:
    world = World()
    assert anomaly(world, START) == [None]
    (issue,) = anomaly(world, START + MINUTE, page=True)
    assert issue
    assert anomaly(world, START + 2 * MINUTE) == anomaly(world, START + 3 * MINUTE, over=True) == [issue]


@pytest.mark.parametrize("over", [False, True])
def test_what_is_only_unusual_or_over_reopens_none(over: bool) -> None:
    world = World()
    (issue,) = anomaly(world, START, page=True)
    world.command("resolve", str(issue), START + MINUTE)
    assert anomaly(world, START + 2 * MINUTE, over=over) == [None]
    assert anomaly(world, START + 3 * MINUTE, page=True) == [issue]
    assert world.last["logboom.issue.state"] == "regressed"


@pytest.mark.parametrize("category", ["prediction", "latency"])
def test_limits_and_slow_requests_are_issues_though_nobody_is_called_and_their_end_is_none(category: str) -> None:
    world = World()
    assert anomaly(world, START, category=category, over=True) == [None]
    assert anomaly(world, START, category=category) != [None]


def test_all_is_told_again_piece_by_piece() -> None:
    world = World()
    names = [f"{chr(97 + n // 26)}{chr(97 + n % 26)} is broken" for n in range(250)]
    world.send(*names)
    versions = {row["logboom.issue.id"]: row["logboom.version"] for _, row in world.told}
    world.work.emitted.clear()
    after: bytes | None = b""
    while after is not None:
        after = world.issues.republish("default", after, world.work)
    assert {row["logboom.issue.id"]: row["logboom.version"] for _, row in world.told} == versions
    assert set(world.kinds) == {"changed"}, "what is told again alarms nobody"


def test_what_happened_is_told_again_as_it_was() -> None:
    """The last of it; counts told since then make the issue newer than anything that happened."""
    world = World()
    issue = str(ids(world.send("no paper", at=START))[0])
    for n in range(14):
        world.command("assign", issue, START + n * MINUTE, assignee=f"team:{n}")
    world.command("resolve", issue, START + HOUR)
    world.send("no paper", at=START + 2 * HOUR)
    told = [row for _, row in world.told if row.get("logboom.issue.activity")][-12:]
    for newer in (0, 1):
        if newer:
            world.send("no paper", at=START + 3 * HOUR)
        version = world.last["logboom.version"]
        world.work.emitted.clear()
        assert world.issues.republish("default", b"", world.work) is None
        again = [row for _, row in world.told]
        names = ("activity", "change", "change_reason", "state", "who", "why", "priority", "assignee", "events")
        for one, then in zip([row for row in again if row.get("logboom.issue.activity")], told, strict=True):
            assert [one.get(f"logboom.issue.{name}") for name in names] == [
                then.get(f"logboom.issue.{name}") for name in names
            ]
        (whole,) = [row for row in again if row["logboom.version"] == version]
        assert whole["logboom.issue.samples"]
        assert len(again) == 12 + newer
        assert set(world.kinds) == {"changed"}


@pytest.mark.parametrize(
    ("rules", "bodies", "groups"),
    [
        ([], ["a 1 x", "a 2 y"], 2),
        (['message:"a *" -> all-a'], ["a 1 x", "a 2 y"], 1),
        (['message:"a *" -> {{ default }} more'], ["a 1 x", "a 2 x", "a 2 y"], 2),
        (['!message:"a *" -> others'], ["b", "c", "a x", "a y"], 3),
        (["tags.service.name:shop -> {{ tags.service.name }}"], ["b", "c"], 1),
        (["type:Nothing* -> x"], ["b", "c"], 2),
    ],
)
def test_rules_of_the_user(rules: Sequence[str], bodies: Sequence[str], groups: int) -> None:
    assert len(set(ids(World({"fingerprints": list(rules)}).send(*bodies)))) == groups


@pytest.mark.parametrize("line", ["type:X", "-> x", "kind:X -> y", 'message:"x -> y'])
def test_a_rule_that_can_not_be_read_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"rule|matcher|quotation|matches nothing"):
        IssuesConfig(fingerprints=[line])


def test_it_explains_why() -> None:
    trace = 'Traceback (most recent call last):\n  File "/app/shop/pay.py", line 3, in pay\n    x()\nValueError: no 7'
    world = World()
    batch = batch_of([{"body": trace, "severity": "ERROR"}]).with_attributes({LEVEL: pl.Series(["critical"])})
    [told] = world.issues.explain(batch)
    assert (told.subject, told.because) == (ID, "type and frames of the exception")
    assert told.details["frames"] == "pay (pay.py)"
    assert told.answer == ids(world.issues.process(batch, world.work))[0]
    [nothing] = world.issues.explain(batch.with_attributes({LEVEL: pl.Series(["info"])}))
    assert nothing.answer is None


def test_bodies_that_are_maps_are_told_apart_by_what_they_say() -> None:
    world = World()
    bodies = [{"what": "disk full", "n": 1}, {"what": "disk full", "n": 22}, {"what": "no ink", "n": 1}, "plain"]
    batch = batch_of([{"body": body, "severity": "ERROR"} for body in bodies])
    out = world.issues.process(batch.with_attributes({LEVEL: pl.Series(["critical"] * 4)}), world.work)
    first, same, other, plain = ids(out)
    assert first == same
    assert len({first, other, plain}) == 3
    assert "disk full" in world.told[0][1]["logboom.issue.title"]
