"""The processor: what it reads of records, what it emits, and that restarts, failures and repetitions change nothing."""

from __future__ import annotations

import copy
from dataclasses import replace

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context, Due
from collector.testing.contract import misfits
from collector.testing.work import FakeWork
from processors.anomalies import FACTORY, memory, telling
from processors.anomalies.findings import Finding, Subject
from processors.anomalies.processor import Anomalies
from processors.anomalies.wildcards import plan, read

BEGIN = 29_348_640 * 60
RECORD = "01KD0Z8W6YV3T9Q2M4N7P1R5XA"


def anomalies() -> Anomalies:
    made: Anomalies = FACTORY.create(FACTORY.config(), Context("anomalies", None))
    return made


def batch(second: int, patterns: list[str], level: str = "info", service: str = "shop", **attributes: list) -> LogBatch:
    """Records that say the second in which they are received."""
    number = len(patterns)
    columns = {
        "time_unix_nano": [(BEGIN + second) * 10**9] * number, "body": [f"{each} 7" for each in patterns],
        "domain": ["a.com"] * number, "record_id": [RECORD] * number, "payload": [0] * number,
    }  # fmt: skip
    said = {
        "logboom.pattern.id": [f"{each:0>16}" for each in patterns],
        "logboom.pattern.template": [f"{each} <*>" for each in patterns], "logboom.triage.level": [level] * number,
    }  # fmt: skip
    made = LogBatch.of(columns, said | attributes, {"service.name": service, "service.version": "1.0"})
    received = pl.lit((BEGIN + second) * 1000, pl.UInt64).alias("received_unix_ms")
    return replace(made, payloads=made.payloads.with_columns(received))


def test_it_keeps_the_contract():
    assert misfits(FACTORY) == []


def test_records_pass_as_they_are():
    given = batch(0, ["one", "two"])
    assert anomalies().process(given, FakeWork()) is given


def stream(component: Anomalies, work: FakeWork, minutes: range, restart: int = 0) -> Anomalies:
    """Minutes of a service in which a critical pattern appears in the 70th; `restart`: a new instance each so many."""
    for minute in minutes:
        patterns = ["served"] * 9 + ["found"] * 4
        work.now_unix_nano = (BEGIN + 60 * minute + 30) * 10**9
        component.process(batch(60 * minute + 30, patterns), work)
        if minute >= 70:
            component.process(batch(60 * minute + 31, ["broke"] * 3, "critical"), work)
        if restart and minute % restart == 0:
            component = anomalies()
    return component


def test_restarts_change_neither_what_is_told_nor_what_is_kept():
    one, other = FakeWork(), FakeWork()
    stream(anomalies(), one, range(100))
    stream(anomalies(), other, range(100), restart=7)
    assert one.states["a.com"].values == other.states["a.com"].values
    assert [(each.kind, each.records.column("body").to_list()) for each in one.emitted] == [
        (each.kind, each.records.column("body").to_list()) for each in other.emitted
    ]
    assert [each.kind for each in one.emitted].count("logboom.anomaly.new_pattern") >= 1


def test_a_step_that_failed_never_was():
    one, other = FakeWork(), FakeWork()
    stream(anomalies(), one, range(60))
    component = stream(anomalies(), other, range(40))
    kept = copy.deepcopy(other.states["a.com"].values)
    stream(component, FakeWork(states=other.states), range(40, 45))
    other.states["a.com"].values = kept
    stream(component, other, range(40, 60))
    assert one.states["a.com"].values == other.states["a.com"].values


def test_only_what_changed_is_written_and_the_log_stays_short():
    work = FakeWork()
    stream(anomalies(), work, range(200))
    names = list(work.states["a.com"].values)
    assert sum(name.startswith(b"log/") for name in names) <= 3
    assert b"s/meta" in names


def test_another_version_of_the_encoding_is_forgotten_not_misread():
    work = FakeWork()
    component = stream(anomalies(), work, range(70))
    state = work.states["a.com"].values
    parts = {name.removeprefix(b"s/"): value for name, value in state.items() if name.startswith(b"s/")}
    assert memory.loaded(parts, 1000) is not None
    other = parts[b"meta"].replace(b"\xa7version\x01", b"\xa7version\x7f")
    assert memory.loaded({**parts, b"meta": other}, 1000) is None
    state[b"s/meta"], state[b"head"] = other, b"written by another"
    component.process(batch(70 * 60, ["served"]), work)
    assert len(component._keeping.watch("a.com", work.state("a.com")).index) == 1


def test_a_tick_closes_the_minute_when_nothing_comes_and_asks_for_the_next():
    work, component = FakeWork(), anomalies()
    stream(component, work, range(5))
    (at,) = work.timers.values()
    closed = component._keeping.watch("a.com", work.state("a.com")).closed
    work.now_unix_nano = at
    assert work.run_due(component) == 1
    assert component._keeping.watch("a.com", work.state("a.com")).closed == closed + 1
    assert len(work.timers) == 1


def test_a_tick_that_comes_late_closes_nothing():
    work, component = FakeWork(), anomalies()
    stream(component, work, range(5))
    closed = component._keeping.watch("a.com", work.state("a.com")).closed
    work.now_unix_nano += 3600 * 10**9
    component.tick(Due("anomalies", "a.com", "minute", 0), work)
    assert component._keeping.watch("a.com", work.state("a.com")).closed == closed


def test_events_say_all_the_numbers():
    subject = Subject("shop", "production", "00000000000000a1", "warning", "lost <*>")
    found = Finding("spike", subject, True, 2.5, 40, 5, 29_348_640, 0.97, at=29_348_643)
    made = telling.records([found, found._replace(over=True, page=False, at=29_348_660)])
    said = {key: made.attribute_text(key).to_list() for key in made.derived.columns}
    assert said["logboom.anomaly.key"] == ["spike:shop/production/warning/00000000000000a1/-"] * 2
    assert said["logboom.anomaly.page"] == ["true", "false"]
    assert said["logboom.anomaly.expected"][0] == "2.5"
    assert said["logboom.anomaly.since"][0] == "2025-10-20T00:00:00Z"
    assert said["logboom.anomaly.over"] == [None, "2025-10-20T00:21:00Z"]
    assert made.column("body")[0] == (
        "More than usual: “lost <*>” warning of shop in production, 40 records in 5 minutes; 2.5 expected; "
        "since 2025-10-20T00:00:00Z; 97 % sure"
    )


@pytest.mark.parametrize(
    ("template", "line", "expected"),
    [
        ("served <*> in <*>", "served 7 in 812 ms", [(1, "duration", 812.0)]),
        ("served <*> in <*>", "served 7 in 1.5s", [(1, "duration", 1500.0)]),
        ("took <*> ms", "took 33 ms", [(0, "duration", 33.0)]),
        ("disk <*> usage <*>", "disk sda1 usage 93%", [(1, "number", 93.0)]),
        ("queue holds <*> of <*>", "queue holds 812 of 1000", [(0, "number", 812.0)]),
        ("certificate expires in <*> days", "certificate expires in 12 days", [(0, "number", -12.0)]),
        ("certificate expires in <*>", "certificate expires in 12 days", [(0, "number", -12.0)]),
        ("state of <*> is <*>", "state of 7 is closed", [(1, "word", "closed")]),
        ("state of <*> is <*>", "another line", []),
        ("nothing varies", "nothing varies", None),
    ],
)
def test_what_the_places_of_a_template_say(template, line, expected):
    made = plan(template)
    if expected is None:
        assert made is None
        return
    found = [
        (each.place, "duration", each.duration) if each.duration is not None
        else (each.place, "number", each.number) if each.number is not None else (each.place, "word", each.word)
        for each in read(made, line)
    ]  # fmt: skip
    assert found == expected


def test_attributes_that_say_durations_numbers_and_states_are_read():
    work, component = FakeWork(), anomalies()
    given = batch(0, ["a", "b"], **{"duration_ms": [40, 90], "disk.used_percent": [81.0, None], "state": ["ok", "bad"]})
    component.process(given, work)
    watch = component._keeping.watch("a.com", work.state("a.com"))
    assert [each.name for each in watch.forecasts.names] == ["disk.used_percent"]
    assert watch.latency.rows["recent"].sum() == 4  # of the endpoint, and of its version
    assert {name for _, name in watch.values.fields} == {"state"}
