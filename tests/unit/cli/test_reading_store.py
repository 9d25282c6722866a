"""Commands that read a store: since when, and a sentence where there is nothing to be read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import typer

from collector.cli.reading_store import past, reading
from collector.scope import Scope

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("90m", 1_799_994_600),
        ("2d", 1_799_827_200),
        ("2027-01-10", 1_799_539_200),
        ("2027-01-10T12:00:00Z", 1_799_582_400),
    ],
)
def test_a_time_in_the_past(text: str, wanted: int) -> None:
    """How long ago, or when."""
    assert past(text, NOW) == wanted * 10**9


@pytest.mark.parametrize("text", ["", "soon", "2027-13-01", "7 days"])
def test_no_time_is_a_misuse(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        past(text, NOW)
    assert ended.value.exit_code == 2
    assert "is no time: write 90d" in capsys.readouterr().err


def test_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reading(tmp_path, None, Scope.everything(), "issues"):
        pass
    assert "there is no store at" in capsys.readouterr().err


def test_a_store_without_what_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An older one: not a traceback."""
    with sqlite3.connect(tmp_path / "store.db") as made:
        made.execute("CREATE TABLE logs (domain TEXT)")
    made.close()
    with pytest.raises(typer.Exit) as ended, reading(tmp_path, None, Scope.everything(), "issues") as connection:
        connection.execute("SELECT * FROM issues")
    assert ended.value.exit_code == 1
    assert "the store has no issues: it was made by an older logboom" in capsys.readouterr().err
