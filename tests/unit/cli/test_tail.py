"""`logboom tail`: one line a record, each once, nothing of a sender obeyed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of

TRACE = "Traceback\n" + "\n".join(f"  frame {n}" for n in range(9))


def store_at(data_dir: Path) -> EmbeddedStore:
    store = EmbeddedStore(data_dir / "store.db", busy_timeout_secs=60)
    store.open()
    return store


def insert(data_dir: Path, made: list[Row], **derived: list[str | None]) -> None:
    store = store_at(data_dir)
    columns = {f"logboom.{key.replace('_', '.')}": pl.Series(values) for key, values in derived.items()}
    store.insert(rows(batch_of(made).with_attributes(columns) if columns else batch_of(made), Limits()))
    store.close()


def tail(data_dir: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["tail", "--data-dir", str(data_dir), "--no-follow", *arguments])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_a_line_says_when_how_urgent_who_and_what(tmp_path: Path) -> None:
    """In this order; the newest records, oldest first."""
    made = [Row(f"r{n}", resource=[("service.name", "checkout")], fields={"body": f"message {n}"}) for n in range(5)]
    insert(tmp_path, made, component=["Cart"] * 5, triage_level=["warning"] * 5)
    lines = tail(tmp_path, "-n", "2").splitlines()
    assert [line.split()[2:] for line in lines] == [
        ["warning", "tamyla.com", "checkout", "Cart", "message", str(n)] for n in (3, 4)
    ]
    assert lines[0].startswith("2023-11-14 ") or lines[0].startswith("2023-11-15 ")


def test_stack_traces_are_shortened_and_exceptions_named(tmp_path: Path) -> None:
    """In the body or in the attributes; the rest is counted."""
    exception = [("exception.type", "KeyError"), ("exception.message", "'id'"), ("exception.stacktrace", TRACE)]
    insert(tmp_path, [Row("a", exception, fields={"body": "failed"}), Row("b", fields={"body": f"failed\n{TRACE}"})])
    shown = tail(tmp_path)
    first, second = shown.split("failed")[1:]
    assert first.startswith(" [KeyError: 'id']\n    Traceback\n      frame 0\n      frame 1\n    … 7 more lines")
    assert second.startswith("\n    Traceback\n      frame 0\n      frame 1\n    … 7 more lines")
    assert "frame 2" not in shown


def test_what_a_sender_wrote_is_shown_not_obeyed(tmp_path: Path) -> None:
    """Escape sequences, carriage returns, direction overrides, and rich's own markup."""
    insert(tmp_path, [Row("a", fields={"body": "\x1b]0;title\x07 \rhidden \u202eabc [bold]not[/bold] [/]"})])
    shown = tail(tmp_path)
    assert r"\x1b]0;title\x07 \rhidden \u202eabc [bold]not[/bold] [/]" in shown
    assert not set("\x1b\x07\r\u202e") & set(shown)


def test_no_name_forges_a_line(tmp_path: Path) -> None:
    """A line end in the domain, service, component or endpoint is shown: what follows stays on the record's line."""
    forged = "x\nFAKE 12:00:00.000 critical \u200b\U000e0041\u2028"
    made = [Row("a", resource=[("service.name", forged)], fields={"body": "b\nin the body", "domain": forged})]
    insert(tmp_path, made, component=[forged], endpoint=[forged])
    first, second = tail(tmp_path).splitlines()
    assert first.count(r"x\nFAKE 12:00:00.000 critical \u200b\U000e0041\u2028") == 4
    assert second == "    in the body"
    (line,) = tail(tmp_path, "--json").splitlines()
    assert (line.isascii(), json.loads(line)["service_name"]) == (True, forged)


def test_records_without_time_or_body_have_a_line_too(tmp_path: Path) -> None:
    """The time of receipt stands in, never 1970; an event shows its name; times beyond any calendar are said to be none."""
    far = {"time_unix_nano": (1 << 64) - 1, "body": None}
    insert(
        tmp_path,
        [Row("a", fields={"time_unix_nano": 0, "body": None, "event_name": "app.start"}), Row("b", fields=far)],
    )
    first, second = tail(tmp_path).splitlines()
    assert "1970" not in first
    assert first.endswith("app.start")
    assert second.split()[0] == "2262-04-11" or second.split()[0] == "2262-04-12"


def test_json_lines_have_every_column(tmp_path: Path) -> None:
    """For other tools: one object a line, exact numbers, JSON columns as their text."""
    insert(tmp_path, [Row("a", [("n", 1)], fields={"body": "x\ny"})])
    (line,) = tail(tmp_path, "--json").splitlines()
    row: dict[str, Any] = json.loads(line)
    assert (row["record_id"], row["body"], row["time_unix_nano"]) == ("a", "x\ny", 1_700_000_000_000_000_001)
    assert (row["level"], row["triage_level"], json.loads(row["attributes"])) == ("info", None, {"n": 1})


def test_filters_reach_the_store(tmp_path: Path) -> None:
    """Domain, level and above, service, component."""
    made = [
        Row(f"r{n}", resource=[("service.name", f"s{n % 2}")], fields={"domain": f"d{n // 2}", "body": f"m{n}"})
        for n in range(4)
    ]
    insert(tmp_path, made, component=["A", "B", "A", "B"], triage_level=["critical", "info", "warning", "debug"])

    def seen(*arguments: str) -> list[str]:
        return [line.split()[-1] for line in tail(tmp_path, *arguments).splitlines()]

    assert seen("--domain", "d1") == ["m2", "m3"]
    assert seen("--level", "warning") == ["m0", "m2"]
    assert seen("--service", "s1", "--level", "info") == ["m1"]
    assert seen("--component", "B") == ["m1", "m3"]


def test_no_store_is_said(tmp_path: Path) -> None:
    """With what to do; exit code 1."""
    result = CliRunner().invoke(app, ["tail", "--data-dir", str(tmp_path)])
    assert (result.exit_code, "logboom run" in result.stderr) == (1, True)


@pytest.mark.slow
def test_following_prints_each_new_record_once_until_interrupted(tmp_path: Path) -> None:
    """A process of its own, while another writes; Ctrl-C ends it with 0."""
    store = store_at(tmp_path)
    store.insert(rows(batch_of([Row("first")]), Limits()))
    command = [sys.executable, "-P", "-m", "collector.cli", "tail", "--json", "--interval", "0.01"]
    with subprocess.Popen([*command, "--data-dir", str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen = [json.loads(process.stdout.readline())["record_id"]]
        for batch in range(20):
            store.insert(rows(batch_of([Row(f"r{batch}-{n}") for n in range(5)]), Limits()))
        seen += [json.loads(process.stdout.readline())["record_id"] for _ in range(100)]
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
        assert process.wait() == 0
    store.close()
    assert seen == ["first", *(f"r{batch}-{n}" for batch in range(20) for n in range(5))]
