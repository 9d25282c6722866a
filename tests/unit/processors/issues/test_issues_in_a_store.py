"""What stores show of issues, the command that reads it, and the times that come out of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from collector.batch import LogBatch
from collector.cli import app
from collector.cli.issue_views import ago
from collector.component import Command, Context
from collector.samples import batch_of
from collector.store.repair_times import clocks, times
from collector.testing.work import FakeWork
from processors.issues.config import IssuesConfig
from processors.issues.processor import ID, Issues

SECOND, MINUTE, HOUR, DAY = 10**9, 60 * 10**9, 3600 * 10**9, 86_400 * 10**9
START = 1_800_000_000 * SECOND


class Story:
    """Errors and what people do about them."""

    def __init__(self) -> None:
        self.work = FakeWork(now_unix_nano=START)
        self.issues = Issues(IssuesConfig(), Context("issues", Path()))

    def error(self, body: str, at: int, level: str = "critical", component: str = "Till") -> str:
        sample = {"body": body, "time_unix_nano": at, "resource": {"service.name": "shop", "service.version": "1.2"}}
        batch = batch_of([sample]).with_attributes(
            {"logboom.triage.level": pl.Series([level]), "logboom.component": pl.Series([component])}
        )
        stamped = batch.payloads.with_columns(received_unix_ms=pl.lit(at // 10**6, pl.UInt64))
        return str(self.issues.process(replace(batch, payloads=stamped), self.work).attribute(ID)[0])

    def does(self, verb: str, issue: str, at: int, **said: Any) -> None:
        attributes = {ID: issue, **{f"logboom.issue.{key}": value for key, value in said.items()}}
        name = f"logboom.command.issue.{verb}"
        self.issues.command(Command("c", name, "default", "anna", "because", attributes, at), self.work)


@pytest.fixture
def run(keep: Callable[..., Path]) -> Callable[..., Any]:
    """Runs `logboom issues` on a store with a story: two issues, one resolved after it was assigned."""
    story = Story()
    story.full = story.error("disk 7 is full", START)  # type: ignore[attr-defined]
    ink = story.error("out of ink", START + HOUR, level="warning", component="Printer")
    story.does("assign", ink, START + 2 * HOUR, assignee="ben")
    story.does("resolve", ink, START + 3 * HOUR, version="1.3")
    folder = keep(story.work.emitted)

    def invoke(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["issues", *arguments, "--data-dir", str(folder)])

    return invoke


def test_the_open_ones_are_listed(run: Callable[..., Any]) -> None:
    said = run("list", "--since", "2020-01-01")
    assert said.exit_code == 0
    assert "disk 7 is full" in said.stdout
    assert "out of ink" not in said.stdout
    every = [
        json.loads(line)
        for line in run("list", "--since", "2020-01-01", "--state", "all", "--json").stdout.splitlines()
    ]
    assert [(row["title"], row["state"], row["priority"]) for row in every] == [
        ("disk 7 is full", "new", "high"), ("out of ink", "resolved", "medium"),
    ]  # fmt: skip
    assert run("list", "--since", "2020-01-01", "--domain", "other.com").stdout == "no issues\n"
    assert run("list", "--state", "sleepy").exit_code == 2
    assert run("list", "--since", "yesterday").exit_code == 2


def test_where_to_look_is_shown_with_it(run: Callable[..., Any]) -> None:
    """Its records are not in this store: what was told when it came stands."""
    [row] = [json.loads(line) for line in run("list", "--since", "2020-01-01", "--json").stdout.splitlines()]
    assert "suggestion: a disk of shop is full" in run("show", row["issue_id"]).stdout
    assert json.loads(run("show", row["issue_id"], "--json").stdout)["explained"]["records_compared"] == 0


def test_one_is_shown_with_all_that_is_known(run: Callable[..., Any]) -> None:
    [row] = [
        json.loads(line)
        for line in run("list", "--since", "2020-01-01", "--state", "resolved", "--json").stdout.splitlines()
    ]
    page = run("show", row["issue_id"][:6]).stdout
    for told in (
        "resolved, priority medium", "resolved in:    1.3", "shop (1)", "1.2 (1)", "message, 1 events", "out of ink",
        "assigned: assigned to ben (anna: because)", "created: seen for the first time", "at most 1 an hour",
    ):  # fmt: skip
        assert told in page
    whole = json.loads(run("show", row["issue_id"], "--json").stdout)
    assert [one["change"] for one in whole["activity"]] == ["resolved", "assigned", "created"]
    assert run("show", "ffffffff").exit_code == 1
    assert run("show", row["issue_id"], "--domain", "other.com").exit_code == 1
    assert run("resolve", row["issue_id"]).exit_code == 1  # nobody runs there


def test_times_to_acknowledge_and_to_resolve(keep: Callable[..., Path]) -> None:
    """A regression begins another clock; who is assigned when it is made is not looking yet."""
    story = Story()
    issue = story.error("disk is full", START)
    story.does("acknowledge", issue, START + 10 * MINUTE)
    story.does("assign", issue, START + 20 * MINUTE, assignee="ben")
    story.does("resolve", issue, START + HOUR)
    assert story.error("disk is full", START + DAY) == issue
    story.does("assign", issue, START + DAY + 30 * MINUTE, assignee="ben")
    story.does("resolve", issue, START + DAY + 3 * HOUR)
    other = story.error("out of ink", START, level="warning", component="Printer")
    story.does("assign", other, START + MINUTE, assignee="")
    with closing(sqlite3.connect(keep(story.work.emitted) / "store.db")) as connection:
        found = times(clocks(connection, 0))
        assert [(one.component, one.level, one.acknowledged, one.resolved, one.unresolved) for one in found] == [
            ("Printer", "warning", 0, 0, 1), ("Till", "critical", 2, 2, 0),
        ]  # fmt: skip
        assert (found[1].mtta_median_secs, found[1].mtta_p90_secs) == (600.0, 1800.0)
        assert (found[1].mttr_median_secs, found[1].mttr_p90_secs) == (3600.0, 10_800.0)
        assert found[0].mttr_median_secs is None
        assert len(clocks(connection, START + 2 * HOUR)) == 1  # the first clock had ended


@pytest.mark.parametrize(
    ("secs", "told"), [(0, "0 s ago"), (90, "2 min ago"), (7200, "2 h ago"), (90_000, "1 d ago"), (-5, "0 s ago")]
)
def test_how_long_something_is_over(secs: float, told: str) -> None:
    assert ago(10**18, 10**9 + secs) == told


def test_counts_by_minute_are_written_with_the_rows(keep: Callable[..., Path]) -> None:
    from collector.store.embedded import EmbeddedStore
    from collector.store.rows import Limits, rows

    folder = keep([])
    batch = batch_of([{"body": "x", "time_unix_nano": START + at * SECOND} for at in (0, 1, 70)])
    known = batch.with_attributes({ID: pl.Series(["a", "a", "a"])})
    store = EmbeddedStore(folder / "store.db")
    store.open()
    store.insert(rows(LogBatch.empty() if not len(known) else known, Limits()), ())
    store.close()
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        assert connection.execute("SELECT minute - ?, issue_id, n FROM issue_minutes ORDER BY 1", [START // MINUTE]).fetchall() == [
            (0, "a", 2), (1, "a", 1),
        ]  # fmt: skip
