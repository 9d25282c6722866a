"""`logboom query`: what people see, and what they are told when they err."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from collector.cli import app
from collector.cli.query import query
from collector.cli.row_formats import as_csv
from collector.store.csv_cells import Csv
from collector.store.embedded import EmbeddedStore
from collector.store.reading import Rows
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory whose store has two rows of a.com and one of b.com."""
    store = EmbeddedStore(tmp_path / "store.db")
    store.open()
    bodies = ['say "hi", all', "\x1b[31mred", "plain"]
    made = [
        Row(f"r{n}", [("n", n)], fields={"body": body, "domain": "b.com" if n == 2 else "a.com"})
        for n, body in enumerate(bodies)
    ]
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    return tmp_path


def ask(data_dir: Path, *arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(app, ["query", "--data-dir", str(data_dir), *arguments], input=text)


SQL = "SELECT record_id, body, span_id FROM logs ORDER BY record_id LIMIT 2"


def test_json_is_an_array_of_objects(data_dir: Path) -> None:
    """Types and every character survive."""
    result = ask(data_dir, "-f", "json", SQL)
    assert json.loads(result.stdout) == [
        {"record_id": "r0", "body": 'say "hi", all', "span_id": None},
        {"record_id": "r1", "body": "\x1b[31mred", "span_id": None},
    ]
    assert json.loads(ask(data_dir, "-f", "json", "SELECT 1 WHERE 0").stdout) == []


def test_nanoseconds_are_exact_in_every_format(data_dir: Path) -> None:
    """Not through a float anywhere."""
    for format_ in ("json", "csv", "table"):
        assert "1700000000000000001" in ask(data_dir, "-f", format_, "SELECT max(time_unix_nano) FROM logs").stdout


def test_csv_reads_back(data_dir: Path) -> None:
    """Quotes and commas are quoted, NULL is empty, bytes are hex."""
    result = ask(data_dir, "--format", "csv", "SELECT body, span_id, x'00ff' AS raw FROM logs LIMIT 1")
    assert list(csv.reader(io.StringIO(result.stdout))) == [["body", "span_id", "raw"], ['say "hi", all', "", "00ff"]]


def test_a_table_shows_control_characters_instead_of_obeying_them(data_dir: Path) -> None:
    """Names, values, NULL; an escape sequence of a sender does not reach the terminal."""
    result = ask(data_dir, SQL)
    assert result.exit_code == 0
    assert all(word in result.stdout for word in ("record_id", 'say "hi", all', "NULL", r"\x1b[31mred"))
    assert "\x1b[31mred" not in result.stdout


STEERING = "SELECT 'a' || char(10) || 'b' || char(0x9b) || char(0x202e) || char(0x200b) AS x"


def test_json_escapes_what_steers(data_dir: Path) -> None:
    """C1 and direction overrides too; the value is the same to a reader."""
    result = ask(data_dir, "--json", STEERING)
    assert result.stdout == '[{"x":"a\\nb\\u009b\\u202e\\u200b"}]\n'


def test_a_table_has_one_line_a_row(data_dir: Path) -> None:
    """Line ends of a text are shown like other controls; a text that nobody would read to its end is cut."""
    assert r"a\nb\x9b\u202e\u200b" in ask(data_dir, STEERING).stdout
    wide = ask(data_dir, "SELECT printf('%.*c', 20003, 'x')").stdout.replace("\n", "")
    assert "x… 3 more characters (--format json has all)" in " ".join(wide.split())


FORMULAS = (
    "SELECT '=1+1' AS a, '@SUM(1)' AS b, '-2+3' AS c, char(9) || '=1' AS d, -5 AS e, 'x=1' AS f, '+' || x'3d' AS g"
)


def test_formulas_in_csv(data_dir: Path) -> None:
    """Kept for programs; for spreadsheets, an apostrophe stands before texts that they would calculate, never a number."""
    kept = next(csv.reader(io.StringIO(ask(data_dir, "-f", "csv", FORMULAS).stdout.partition("\n")[2])))
    assert kept == ["=1+1", "@SUM(1)", "-2+3", "\t=1", "-5", "x=1", "+="]
    safe = ask(data_dir, "-f", "csv", "--no-formulas", FORMULAS).stdout.partition("\n")[2]
    assert next(csv.reader(io.StringIO(safe))) == ["'=1+1", "'@SUM(1)", "'-2+3", "'\t=1", "-5", "x=1", "'+="]


def test_csv_on_a_terminal_shows_controls() -> None:
    """Into a pipe they go as they are: a file must hold what was logged."""
    rows = Rows(["a\x1b"], [("b\x1b[2J\nc", None, b"\x1b")])
    assert as_csv(rows, Csv(terminal=True)) == "a\\x1b\nb\\x1b[2J\\nc,,1b\n"
    assert as_csv(rows, Csv()) == 'a\x1b\n"b\x1b[2J\nc",,1b\n'


def test_sql_from_standard_input(data_dir: Path) -> None:
    """`-` is for long queries."""
    assert json.loads(ask(data_dir, "-f", "json", "-", text="SELECT count(*) AS n FROM logs").stdout) == [{"n": 3}]


def test_a_domain_narrows_the_table(data_dir: Path) -> None:
    """And the way round it is refused."""
    assert json.loads(ask(data_dir, "--domain", "b.com", "-f", "json", "SELECT record_id FROM logs").stdout) == [
        {"record_id": "r2"}
    ]
    refused = ask(data_dir, "--domain", "b.com", "SELECT record_id FROM main.logs")
    assert (refused.exit_code, refused.stdout) == (1, "")


def test_a_limit_that_cuts_says_so(data_dir: Path) -> None:
    """On standard error, so that the output stays clean; 0 gives all."""
    cut = ask(data_dir, "--limit", "2", "-f", "json", "SELECT record_id FROM logs")
    assert len(json.loads(cut.stdout)) == 2
    assert "only the first 2 rows are shown" in cut.stderr
    whole = ask(data_dir, "--limit", "0", "-f", "json", "SELECT record_id FROM logs")
    assert (len(json.loads(whole.stdout)), whole.stderr) == (3, "")


MISTAKES = {
    "a column": ("SELECT servce_name FROM logs", ["no such column: servce_name", "did you mean service_name?"]),
    "a column far off": ("SELECT xyz FROM logs", ["no such column: xyz", "The columns of logs are: record_id, domain"]),
    "a table": ("SELECT * FROM log", ["no such table: log", "The table of records is logs."]),
    "syntax": ("SELEC 1", ["syntax error"]),
    "two statements": ("SELECT 1; SELECT 2", ["one statement at a time"]),
    "writing": ("DELETE FROM logs", ["only reading is allowed here"]),
    "attaching": ("ATTACH 'x' AS x", ["only reading is allowed here"]),
}


@pytest.mark.parametrize(("sql", "sentences"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_explained(data_dir: Path, sql: str, sentences: list[str]) -> None:
    """Exit code 1, nothing on standard output, no traceback."""
    result = ask(data_dir, sql)
    assert (result.exit_code, result.stdout) == (1, "")
    assert all(sentence in result.stderr for sentence in sentences)
    assert isinstance(result.exception, SystemExit)


def test_a_missing_store_gets_a_helpful_sentence(tmp_path: Path) -> None:
    """Where it looked, what to start, which options name another place; nothing is made."""
    result = ask(tmp_path / "nowhere", "SELECT 1")
    assert result.exit_code == 1
    assert f"there is no store at {tmp_path / 'nowhere' / 'store.db'}" in result.stderr
    assert all(word in result.stderr for word in ("logboom run", "--data-dir", "--store"))
    assert not (tmp_path / "nowhere").exists()


def test_a_store_by_its_own_path(tmp_path: Path, data_dir: Path) -> None:
    """--store wins over --data-dir; a database without logs is said to be one."""
    found = CliRunner().invoke(app, ["query", "--store", str(data_dir / "store.db"), "-f", "csv", "SELECT 5 AS n"])
    assert found.stdout == "n\n5\n"
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.close()
    result = CliRunner().invoke(app, ["query", "--store", str(tmp_path / "other.db"), "SELECT 1"])
    assert (result.exit_code, "has no table logs" in result.stderr) == (1, True)


def test_d1_without_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that are not set are named, not options that nobody wrote."""
    for name in ("CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_D1_DATABASE_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "t")
    result = CliRunner().invoke(app, ["query", "--store", "d1", "SELECT 1"])
    assert result.exit_code == 2
    assert "D1 can't be asked: not set: CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_D1_DATABASE_ID\n" in result.stderr
    assert "--config" in result.stderr


def test_an_endless_query_ends(data_dir: Path) -> None:
    """With the option that decides when."""
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
    result = ask(data_dir, "--timeout", "0.05", endless)
    assert (result.exit_code, "stopped after 0.05 s (--timeout)" in result.stderr) == (1, True)


def test_the_time_limit_ends_few_but_long_steps(data_dir: Path) -> None:
    """Each step of this one makes 20 MB; counted in steps, SQLite would look at the clock after minutes."""
    tables = ", ".join(f"logs AS l{n}" for n in range(9))
    sql = f"SELECT sum(length(printf('%.*c', 20000000 + length(l8.body), 'x'))) FROM {tables}"
    result = ask(data_dir, "--timeout", "0.3", sql)
    assert (result.exit_code, result.stdout, "stopped after 0.3 s" in result.stderr) == (1, "", True)


def test_making_a_table_can_take_too_long(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit ends pure Python, too, and leaves no alarm behind."""
    monkeypatch.setattr("collector.cli.query.as_table", lambda _: time.sleep(60))
    result = ask(data_dir, "--timeout", "0.2", "SELECT 1")
    assert (result.exit_code, "made ready to print (--timeout)" in result.stderr) == (1, True)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_examples_of_the_help_run(data_dir: Path) -> None:
    """Each example as a shell would read it."""
    examples = re.findall(r'logboom query (.*?")$', str(query.__doc__), re.DOTALL | re.MULTILINE)
    assert len(examples) == 5
    for example in examples:
        result = ask(data_dir, *shlex.split(example.replace("\\\n", " ")))
        assert (result.exit_code, result.stderr) == (0, "")
