"""`logboom search` and `tail -q`: what a query takes, shown by time; a mistake is shown at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from collector.cli import app
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of

BEGIN = 1_700_000_000_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = [
        Row(f"r{n}", [("code", 500 + n)], [("service.name", "shop" if n % 2 else "till")],
            fields={"body": f"failed \x1b[31m{n}", "time_unix_nano": BEGIN + n, "severity_number": 17, "domain": "a.com" if n < 8 else "b.com"})
        for n in range(10)
    ]  # fmt: skip
    store = EmbeddedStore(tmp_path / "store.db")
    store.open()
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    return tmp_path


def ran(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--data-dir", str(folder)])


def ids(result: Result) -> list[str]:
    return [json.loads(line)["record_id"] for line in result.stdout.splitlines()]


def test_the_newest_by_time(folder: Path) -> None:
    found = ran(folder, "search", "failed", "service:shop", "--since", "2023-11-01", "--json")
    assert (found.exit_code, ids(found)) == (0, ["r1", "r3", "r5", "r7", "r9"])
    few = ran(folder, "search", "@code:>=502", "--since", "2023-11-01", "--json", "-n", "3")
    assert ids(few) == ["r7", "r8", "r9"]
    assert "the newest 3; older ones: --until 2023-11-14T22:13:21Z" in few.stderr
    shown = ran(folder, "search", "id:r3", "--since", "2023-11-01").stdout
    assert "warning  a.com shop  failed" in shown
    assert "\x1b" not in shown


def test_of_one_domain(folder: Path) -> None:
    assert ids(ran(folder, "search", "--since", "2023-11-01", "--json", "--domain", "b.com")) == ["r8", "r9"]


def test_nothing_found_is_said(folder: Path) -> None:
    found = ran(folder, "search", "absent", "--since", "2023-11-01")
    assert (found.exit_code, found.stdout, found.stderr) == (1, "", "nothing found\n")


@pytest.mark.parametrize("command", [["search", "a level:warnin"], ["tail", "--no-follow", "-q", "a level:warnin"]])
def test_a_mistake_is_shown_at_its_place(folder: Path, command: list[str]) -> None:
    found = ran(folder, *command)
    assert found.exit_code == 2
    assert "did you mean warning?\n  a level:warnin\n          ^\n" in found.stderr


def test_tail_takes_a_query(folder: Path) -> None:
    assert ids(ran(folder, "tail", "--no-follow", "--json", "-n", "20", "-q", "service:till @code:>=504")) == [
        "r4",
        "r6",
        "r8",
    ]


def test_how_many_by_level_or_field(folder: Path) -> None:
    levels = ran(folder, "search", "failed", "--count", "--since", "2023-11-01")
    assert levels.stdout == "          10  warning\n          10  in all\n"
    services = ran(folder, "search", "--by", "service", "--since", "2023-11-01", "--json", "--domain", "a.com")
    assert [json.loads(line) for line in services.stdout.splitlines()] == [
        {"service": "shop", "records": 4},
        {"service": "till", "records": 4},
    ]
    assert "did you mean service?" in ran(folder, "search", "--by", "servce").stderr
