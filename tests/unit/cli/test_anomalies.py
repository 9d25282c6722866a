"""`logboom anomalies` on a store: a line for each subject, of one domain alone, of events that components made."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from collector.batch import concat
from collector.cli import app
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of

NOW = time.time_ns()
HOUR = 3600 * 10**9


def told(number: int, key: str, at: int, domain: str = "a.com", **more: object) -> Row:
    attributes = {"logboom.anomaly.key": key, "logboom.anomaly.since": "2026-03-01T12:00:00Z", "service.name": "shop"}
    said = [*attributes.items(), *((f"logboom.anomaly.{name}", value) for name, value in more.items())]
    return Row(f"r{number:025}", said, fields={"domain": domain, "time_unix_nano": at, "body": f"told {number}"})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spike that called somebody and is over, a new pattern of two days ago, one of another domain, and what a sender claims."""
    path = tmp_path_factory.mktemp("data")
    events = [
        told(1, "spike:a", NOW - 2 * HOUR, page=True, expected=2.5, seen=40.0),
        told(2, "spike:a", NOW - HOUR, page=False, over="2026-03-01T13:00:00Z"),
        told(3, "new_pattern:b", NOW - 48 * HOUR, page=False),
        told(4, "spike:a", NOW - HOUR, domain="b.com", page=False),
    ]
    kinds = ["logboom.anomaly.spike", "logboom.anomaly.spike", "logboom.anomaly.new_pattern", "logboom.anomaly.spike"]
    claimed = Row("s" * 26, fields={"domain": "a.com", "time_unix_nano": NOW, "event_name": "logboom.anomaly.drop"})
    embedded = EmbeddedStore(path / "store.db")
    embedded.open()
    embedded.insert(rows(concat([marked(batch_of(events), kinds), batch_of([claimed])]), Limits()))
    embedded.close()
    return path


def anomalies(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["anomalies", *words, "--data-dir", str(data)], env={"COLUMNS": "200"})


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["--domain", "a.com"], [("spike", 2, True)], id="a day of a domain"),
        pytest.param(
            ["--domain", "a.com", "--since", "3d"], [("spike", 2, True), ("new_pattern", 1, False)], id="three days"
        ),
        pytest.param(
            ["--domain", "a.com", "--since", "3d", "--pages"], [("spike", 2, True)], id="what called somebody"
        ),
        pytest.param(["--domain", "b.com"], [("spike", 1, False)], id="another domain"),
        pytest.param(["--domain", "c.com"], [], id="one without"),
    ],
)
def test_a_row_for_each_subject(data: Path, words: list[str], expected: list[tuple[str, int, bool]]) -> None:
    found = [json.loads(line) for line in anomalies(data, "--json", *words).stdout.splitlines()]
    assert [(each["kind"], each["events"], each["page"]) for each in found] == expected


def test_lines_say_what_calls_and_what_is_over(data: Path) -> None:
    (line,) = anomalies(data, "--domain", "a.com").stdout.splitlines()
    assert line.startswith("! 2026-03-01T12:00:00Z  over a.com  told 2")


def test_a_wrong_time_or_no_store_is_said(data: Path) -> None:
    assert anomalies(data, "--since", "soon").exit_code == 2
    assert anomalies(data.parent / "nowhere").exit_code == 1
