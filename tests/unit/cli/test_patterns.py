"""`logboom patterns` on a store: counts over time, what is part of another, one pattern whole."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from collector.cli import app
from collector.store.describing import described
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of

NOW = time.time_ns()
HOUR = 3600 * 10**9
A, B, C, GONE = "aaaa000000000001", "bbbb000000000002", "bbbb000000000003", "cccc000000000004"


def told(pattern: str, template: str, first_seen: int, **more: Any) -> Row:
    attributes = {
        "logboom.pattern.id": pattern, "logboom.pattern.template": template, "logboom.pattern.source": "text", "service.name": "shop",
        "logboom.pattern.first_seen": first_seen, "logboom.pattern.last_seen": NOW, "logboom.version": 1, **more,
    }  # fmt: skip
    return Row(f"e{pattern}", list(attributes.items()), fields={"domain": "a.com", "time_unix_nano": NOW})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 records of A over ten hours, 5 critical ones of B, one of C, one of what is part of A now; another domain has its own."""
    path = tmp_path_factory.mktemp("data")
    said = [A] * 30 + [B] * 5 + [C] + [GONE] + [A]
    made = [
        Row(
            f"r{n:02}",
            fields={"domain": "b.com" if n == len(said) - 1 else "a.com", "time_unix_nano": NOW - (n % 10) * HOUR},
        )
        for n in range(len(said))
    ]
    levels = pl.Series(["critical" if pattern == B else "info" for pattern in said])
    records = batch_of(made).with_attributes({"logboom.pattern.id": pl.Series(said), "logboom.triage.level": levels})
    parameters = {
        "looks": 9,
        "wildcards": [{"kind": "int", "distinct": 4, "top": [["7", 5], ["8", 2]], "least": 1.0, "most": 9.0}],
    }
    events = [
        told(A, "user <*> came", NOW - 100 * HOUR, **{"logboom.pattern.parameters": json.dumps(parameters), "logboom.pattern.count": 9,
             "logboom.pattern.samples": json.dumps(["user 7 came", "user 8 came"])}),
        told(B, "disk <*> burns", NOW - HOUR),
        told(C, "a rare thing", NOW - 2 * HOUR),
        told(GONE, "user anna came", NOW - 90 * HOUR, **{"logboom.pattern.merged_into": A}),
    ]  # fmt: skip
    embedded = EmbeddedStore(path / "store.db")
    embedded.open()
    embedded.insert(rows(records, Limits()), described(marked(batch_of(events), ["logboom.pattern.changed"] * 4), 4096))
    embedded.close()
    return path


def patterns(store: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["patterns", *words, "--data-dir", str(store)], env={"COLUMNS": "200"})


def rows_of(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(("by", "expected"), [("count", [A, B, C]), ("new", [B, C, A]), ("level", [B, A, C])])
def test_they_are_listed_by_what_is_asked(store: Path, by: str, expected: list[str]) -> None:
    """What became part of another counts there; nothing of another domain is seen."""
    found = rows_of(patterns(store, "--json", "--domain", "a.com", "--by", by))
    assert [one["pattern_id"] for one in found] == expected
    frequent = next(one for one in found if one["pattern_id"] == A)
    assert (frequent["count"], frequent["level"], frequent["new"]) == (31, "info", False)
    assert sum(frequent["trend"]) == 31
    assert sum(n > 0 for n in frequent["trend"]) > 3


def test_a_time_bounds_what_is_counted(store: Path) -> None:
    found = rows_of(patterns(store, "--json", "--domain", "a.com", "--since", "3h", "--limit", "1"))
    assert [(one["pattern_id"], one["count"] < 20) for one in found] == [(A, True)]


def test_the_table_is_for_people(store: Path) -> None:
    lines = patterns(store).stdout.splitlines()
    assert lines[0].split() == ["PATTERN", "LEVEL", "COUNT", "TREND", "WHERE,", "TEMPLATE"]
    assert "(new) a.com shop: disk <*> burns" in next(line for line in lines if B in line)
    assert sum(" b.com" in line for line in lines) == 1


def test_one_is_shown_whole(store: Path) -> None:
    """By the beginning of its id: counts of the store, values of its places, samples."""
    text = _show(store, "aaaa").stdout
    assert f"{A}  user <*> came" in text
    assert "records:     31 info" in text
    assert "int, about 4 values in 9 looks, 1 to 9: 7 (5), 8 (2)" in text
    assert f"also under:  {GONE}" in text
    assert "sample:      user 7 came" in text


def test_what_is_not_there_or_several_is_said(store: Path) -> None:
    assert (_show(store, "bbbb").exit_code, _show(store, "dddd").exit_code, _show(store, "x'; --").exit_code) == (
        2,
        1,
        1,
    )
    assert patterns(store.parent / "nowhere").exit_code == 1


def test_what_costs_most_is_advised_of_what_is_harmless(store: Path) -> None:
    """Rows, bytes and dollars of a month at the rate of the time; nothing that is critical or has a part in an issue."""
    [one, other] = rows_of(patterns(store, "--advice", "--json", "--domain", "a.com"))
    assert (one["pattern_id"], other["pattern_id"]) == (A, C)
    assert one["rows_a_month"] == pytest.approx(31 * 30, abs=2)
    assert 250 * 31 * 30 < one["bytes_a_month"] < 1000 * 31 * 30
    assert one["d1_usd_a_month"] == pytest.approx(31 * 30 * 3 / 1e6, rel=0.6)
    assert one["rows_a_month_as_counts"] == pytest.approx(10 * 30, abs=31)
    assert "aggregate ID" in patterns(store, "--advice").stdout


@pytest.mark.parametrize("verb", ["aggregate", "drop", "sample", "keep"])
def test_a_decision_needs_a_service_that_runs(store: Path, verb: str) -> None:
    """The pattern is looked up first."""
    words = ["patterns", verb, "aaaa", "--data-dir", str(store), "--domain", "a.com"]
    assert CliRunner().invoke(app, words).exit_code == 1
    assert CliRunner().invoke(app, [*words[:2], "dddd", *words[3:]]).exit_code == 1


def _show(store: Path, begin: str) -> Result:
    return CliRunner().invoke(
        app, ["patterns", "show", begin, "--data-dir", str(store), "--domain", "a.com"], env={"COLUMNS": "200"}
    )
