"""`logboom audit`: what was done, whether the chain is whole, by the checkpoints of the store, of another's lines, of another store."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from collector.audit.found import of_lines
from collector.audit.key import SigningKey
from collector.cli import app
from counterparts.audit_bench import AuditBench

runner = CliRunner()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a store."""
    root = tmp_path_factory.mktemp("data")
    bench = AuditBench(root)
    bench.tell(user_id="anna", client_address="198.51.100.7", body="anna \x1b[31mlogged in")
    bench.chained(3)
    bench.chained(1, "b.example")
    bench.close()
    return root


def ask(root: Path, *arguments: str) -> tuple[int, str, str]:
    done = runner.invoke(app, ["audit", *arguments, "--data-dir", str(root)])
    return done.exit_code, done.stdout, done.stderr


def otlp(root: Path) -> str:
    """A line as the exporter `file` writes it."""
    with closing(sqlite3.connect(root / "store.db")) as connection:
        rows = connection.execute("SELECT attributes FROM logs WHERE event_name LIKE '%checkpoint'").fetchall()
    lines = []
    for (text,) in rows:
        pairs = [
            {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
            for key, value in json.loads(text).items()
        ]
        lines.append(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"attributes": pairs}]}]}]}))
    return "\n".join(lines)


def test_what_was_done(made: Path) -> None:
    code, text, _ = ask(made, "list", "--domain", "a.example")
    assert code == 0
    assert len(text.splitlines()) == 4
    assert "a.example 1  console.login  anna from 198.51.100.7" in text
    assert "\x1b" not in text
    rows = [json.loads(line) for line in ask(made, "list", "--json")[1].splitlines()]
    assert {(row["domain"], row["seq"]) for row in rows} == {("a.example", n) for n in (1, 2, 3, 4)} | {
        ("b.example", 1)
    }
    assert rows[-1]["entry"]["who"] == rows[-1]["who"] == "anna"
    assert ask(made, "list", "--domain", "c.example")[:2] == (0, "")


def test_whole_and_broken(made: Path, tmp_path: Path) -> None:
    code, text, _ = ask(made, "verify")
    assert (code, text.splitlines()[0]) == (
        0,
        "a.example: the chain is whole: entries 1 to 4; checkpoints vouch for it up to 4",
    )
    other = shutil.copytree(made, tmp_path / "other")
    AuditBench.change(_at(other), "DELETE FROM audit WHERE domain = 'a.example' AND seq = 2")
    code, text, _ = ask(other, "verify", "--json")
    a, b = (json.loads(line) for line in text.splitlines())
    assert (code, a["whole"], b["whole"]) == (1, False, True)
    assert [(each["seq"], each["kind"]) for each in a["findings"]] == [(2, "removed")]


@pytest.mark.parametrize("kept", ["lines", "store"])
def test_a_cut_end_is_shown_by_what_another_has(kept: str, made: Path, tmp_path: Path) -> None:
    other, elsewhere = shutil.copytree(made, tmp_path / "other"), tmp_path / "elsewhere"
    if kept == "lines":
        elsewhere.write_text(f"no json\n{otlp(made)}\n")
    else:
        shutil.copy(made / "store.db", elsewhere)
    for table in ("audit WHERE seq > 2", "logs"):
        AuditBench.change(_at(other), f"DELETE FROM {table}")
    assert ask(other, "verify")[0] == 0  # the store knows no better
    public = SigningKey(made).public.hex()
    code, text, _ = ask(other, "verify", "--checkpoints", str(elsewhere), "--public-key", public)
    assert code == 1
    assert "a.example: cut at 4: a checkpoint vouches for entry 4, and the newest that is there is 2" in text


def test_the_key(made: Path, tmp_path: Path) -> None:
    public = SigningKey(made).public.hex()
    assert ask(made, "key")[:2] == (0, f"{public}\n")
    assert json.loads(ask(made, "key", "--json")[1])["ed25519"] == public
    assert (made / "audit.key").stat().st_mode & 0o777 == 0o600
    assert ask(made, "verify", "--public-key", "xy")[0] == 2
    assert ask(tmp_path / "none", "key")[0] == 1
    assert ask(made, "verify", "--checkpoints", str(tmp_path / "none"))[0] == 1


def test_checkpoints_in_any_nesting(made: Path) -> None:
    """OTLP, flat documents, documents with objects, rows whose attributes are text."""
    (first, *_) = of_lines(otlp(made).splitlines())
    flat = first.attributes()
    nested = {"logboom": {"audit": {key.removeprefix("logboom.audit."): value for key, value in flat.items()}}}
    for value in (
        {"attributes": flat},
        {"attributes": nested},
        [{"attributes": json.dumps(flat)}],
        {"labels": flat},
        flat,
    ):
        assert list(of_lines([orjson.dumps(value).decode()])) == [first]
    assert list(of_lines(["{}", "7", '{"logboom.audit.seq": "x"}'])) == []


def _at(root: Path) -> AuditBench:
    bench = AuditBench.__new__(AuditBench)
    bench.store = root / "store.db"
    return bench
