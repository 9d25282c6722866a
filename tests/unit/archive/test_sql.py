"""SQL on an archive: what it answers, what it may read, what it can't reach."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.archive.sql import Asked, QueryError, query
from collector.testing.row_batch import Row

HOUR, HOUR_NS = 472_222, 3_600_000_000_000
EVERYTHING = Asked("SELECT count(*) FROM logs", None, 0, 1 << 62)


@pytest.fixture
def archive(written: Any) -> Any:
    """Two domains, four hours, ten records each."""
    rows = [
        Row(f"01HF7YAT00P266K2R692K{n:05}", (("user.id", f"u{n % 3}"),), (("service.name", "shop"),),
            fields={"time_unix_nano": (HOUR + n // 20) * HOUR_NS + n, "domain": ("a.example", "b.example")[n % 2],
                    "trace_id": bytes(range(16)), "body": f"request {n}"})
        for n in range(80)
    ]  # fmt: skip
    written.write(*rows)
    return written.archive


def one(archive: Any, statement: str, **changed: Any) -> Any:
    return query(archive, replace(EVERYTHING, statement=statement, **changed)).values


def test_it_counts_and_groups(archive: Any) -> None:
    assert one(archive, "SELECT count(*) FROM logs") == [(80,)]
    by_user = one(archive, "SELECT attributes['user.id'] AS user, count(*) FROM logs GROUP BY 1 ORDER BY 1")
    assert by_user == [("u0", 27), ("u1", 27), ("u2", 26)]
    assert one(archive, "SELECT resource['service.name'], min(time) FROM logs GROUP BY 1") == [
        ("shop", "2023-11-14T22:00:00+00:00")
    ]
    assert one(archive, "SELECT trace_id FROM logs LIMIT 1") == [(bytes(range(16)).hex(),)]


def test_only_what_is_asked_for(archive: Any) -> None:
    assert one(archive, "SELECT DISTINCT domain FROM logs", domains=["a.example"]) == [("a.example",)]
    assert one(archive, "SELECT count(*) FROM logs", since=(HOUR + 1) * HOUR_NS, until=(HOUR + 2) * HOUR_NS) == [(20,)]
    assert one(archive, "SELECT count(*) FROM logs", until=HOUR * HOUR_NS + 5) == [(5,)]
    assert one(archive, "SELECT count(*) FROM logs", domains=["none.example"]) == [(0,)]


def test_a_row_in_another_domains_folder_is_left_out(archive: Any, written: Any) -> None:
    folder = written.folder / "archive"
    for file in list(folder.glob("domain=b.example/**/*.parquet")):
        target = folder / str(file.relative_to(folder)).replace("b.example", "a.example")
        target.with_name(f"x{target.name}").write_bytes(file.read_bytes())
    assert one(archive, "SELECT DISTINCT domain FROM logs", domains=["a.example"]) == [("a.example",)]


def test_rows_are_limited(archive: Any) -> None:
    answer = query(archive, replace(EVERYTHING, statement="SELECT record_id FROM logs", limit=3))
    assert (answer.columns, len(answer.values), answer.more) == (["record_id"], 3, True)
    answer = query(archive, replace(EVERYTHING, statement="SELECT record_id FROM logs", limit=80))
    assert (len(answer.values), answer.more) == (80, False)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{file}')", "SELECT * FROM '{file}'", "SELECT * FROM glob('/*')", "COPY logs TO '{file}'", "ATTACH '{file}' AS x",
        "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true", "SELECT * FROM secret", "EXPORT DATABASE '{file}'",
        "SELECT getenv('HOME')", "SELECT 1; SELECT 2", "", "SELECT no_such FROM logs",
    ],
)  # fmt: skip
def test_what_it_can_not_do(archive: Any, tmp_path: Path, statement: str) -> None:
    """Files, settings, other programs, this program's variables; a mistake is a sentence."""
    secret = [("of this program",)]
    file = tmp_path / "other.parquet"
    file.write_text("of the machine")
    with pytest.raises(QueryError) as told:
        one(archive, statement.format(file=file))
    assert secret[0][0] not in str(told.value)
    assert file.read_text() == "of the machine"


def test_what_takes_too_long_is_stopped(archive: Any) -> None:
    with pytest.raises(QueryError, match="stopped after"):
        one(archive, "SELECT count(*) FROM logs a, logs b, logs c, logs d, logs e WHERE a.body < b.body || c.body || d.body || e.body",
            timeout_secs=0.2)  # fmt: skip


def test_what_would_read_too_much_is_refused(archive: Any) -> None:
    with pytest.raises(QueryError, match=r"8 objects of 0 MiB .*--since"):
        one(archive, "SELECT 1", most_bytes=1)
