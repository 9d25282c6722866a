"""`logboom archive` and `logboom search --archive`: what an archive holds, whether it is whole, and the way back."""

from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from collector.archive.columns import table_of
from collector.archive.names import Cut, ObjectName
from collector.archive.reading import open_archive
from collector.archive.sealing import sealed
from collector.archive.staging import Staging
from collector.batch import LogBatch
from collector.cli import app
from collector.cli.archive_keys import keys_of
from collector.encryption.place import KeyPlace
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.otlp_grpc_server import otlp_server

HOUR_NS = 3_600_000_000_000
FIRST_HOUR = 472_222
FROM, TO = "2023-11-14T22:00:00Z", "2023-11-15T02:00:00Z"
DUMP = "SELECT * FROM {} ORDER BY 1, 2, 3"


def batch() -> LogBatch:
    """Four hours of two domains: maps, numbers, bytes, a trace, a body that is a map."""
    made = []
    for number in range(40):
        fields: dict[str, Any] = {
            "time_unix_nano": (FIRST_HOUR + number // 10) * HOUR_NS + number % 10,
            "domain": ("tamyla.com", "other.example")[number % 2],
            "severity_number": (9, 17)[number % 4 // 2],
            "body": f"request {number}",
            "trace_id": bytes(range(number, number + 16)),
        }
        own = (("user.id", f"u{number % 3}"), ("status", 200 + number), ("ratio", number / 7), ("raw", b"\\x00\\xff"))
        made.append(
            Row(f"01HF7YAT00P266K2R692K{number:05}", own, (("service.name", "shop"),), ("scope", "1", ()), fields)
        )
    return batch_of(made)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """In a folder."""
    folder = tmp_path / "archive"
    folder.mkdir()
    target = open_archive(str(folder)).catalog.target
    staging = Staging(tmp_path / "staging", 1 << 20)
    staging.add(table_of(batch()))
    for staged in staging.finish():
        target.put(str(ObjectName(staged.place, "ours", Cut(0, 1, 1), staged.footer.digest)), staged.path.read_bytes())
    staging.discard()
    return folder


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    return done.output


def dump(path: Path, table: str) -> list[Any]:
    with sqlite3.connect(path) as connection:
        return connection.execute(DUMP.format(table)).fetchall()


def test_a_restored_store_is_the_one_that_was(archive: Path, tmp_path: Path) -> None:
    """Row by row, count by count; and done twice it is the same."""
    was, is_ = tmp_path / "was.db", tmp_path / "is.db"
    store = EmbeddedStore(was)
    store.insert(rows(batch().filter(batch().column("domain") == "tamyla.com"), Limits()))
    store.close()
    for new in (20, 0):
        said = run(
            "archive",
            "restore",
            archive,
            "--domain",
            "tamyla.com",
            "--from",
            FROM,
            "--to",
            TO,
            "--store",
            is_,
            "--json",
        )
        assert json.loads(said) == {"objects": 4, "records": 20, "new": new, "damaged": []}
    for table in ("logs", "log_minutes", "pattern_minutes"):
        assert dump(is_, table) == dump(was, table)
    assert len(dump(is_, "logs")) == 20


def test_where_and_when(archive: Path, tmp_path: Path) -> None:
    said = run("archive", "restore", archive, "--domain", "tamyla.com", "--from", "2023-11-14T23:00:00Z", "--to", TO,
               "--where", "level:>=warning @user.id:u0", "--store", tmp_path / "is.db", "--json")  # fmt: skip
    expected = [n for n in range(10, 40, 2) if n % 4 // 2 and n % 3 == 0]
    assert json.loads(said)["new"] == len(expected) > 0
    assert [row[0][-2:] for row in dump(tmp_path / "is.db", "logs")] == [f"{n:02}" for n in expected]


def test_a_domain_that_is_not_there_and_a_wrong_use(archive: Path, tmp_path: Path) -> None:
    asked = ("archive", "restore", archive, "--domain", "none.example", "--from", FROM)
    assert "0 records" in run(*asked, "--store", tmp_path / "is.db", code=1)
    assert "--store" in run(*asked, code=2)
    assert "ends before it begins" in run(*asked, "--to", "2020-01-01", "--store", tmp_path / "is.db", code=2)
    assert "there is no folder" in run("archive", "list", tmp_path / "no", code=1)


def test_through_a_pipeline_they_are_sent_as_their_domain(archive: Path) -> None:
    with otlp_server() as server:
        run(
            "archive",
            "restore",
            archive,
            "--domain",
            "tamyla.com",
            "--from",
            FROM,
            "--endpoint",
            f"127.0.0.1:{server.port}",
        )
    got = [record.body.string_value for request in server.requests for resource in request.resource_logs
           for scope in resource.scope_logs for record in scope.log_records]  # fmt: skip
    assert sorted(got) == sorted(f"request {n}" for n in range(0, 40, 2))
    assert {each["x-logboom-domain"] for each in server.metadata} == {"tamyla.com"}


def test_a_receiver_that_is_not_there(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from collector.cli.traffic import client

    monkeypatch.setattr(client, "RETRYABLE_GRPC", set())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        said = run("archive", "restore", archive, "--domain", "tamyla.com", "--from", FROM,
                   "--endpoint", f"127.0.0.1:{taken.getsockname()[1]}", code=1)  # fmt: skip
    assert "did not take them" in said


def test_list_and_verify(archive: Path) -> None:
    listed = [json.loads(line) for line in run("archive", "list", archive, "--json").splitlines()]
    assert [(each["domain"], each["records"]) for each in listed] == [("other.example", 5)] * 4 + [
        ("tamyla.com", 5)
    ] * 4
    assert "8 objects, 40 records; 0 damaged" in run("archive", "verify", archive)
    assert "4 objects, 20 records; 0 damaged" in run("archive", "verify", archive, "--domain", "tamyla.com")
    assert "no objects" in run("archive", "list", archive, "--domain", "none.example", code=1)


def test_what_was_changed_is_found(archive: Path, tmp_path: Path) -> None:
    """A byte of a page, and an object in the place of another's; the rest is restored."""
    first, second, *_ = sorted(archive.glob("domain=tamyla.com/**/*.parquet"))
    content = bytearray(first.read_bytes())
    content[len(content) // 4] ^= 0xFF
    first.write_bytes(content)
    second.write_bytes(sorted(archive.glob("domain=other.example/**/*.parquet"))[1].read_bytes())
    said = run("archive", "verify", archive, code=1)
    assert "8 objects" in said
    assert "2 damaged" in said
    assert first.name in said
    assert second.name in said
    restored = json.loads(run("archive", "restore", archive, "--domain", "tamyla.com", "--from", FROM, "--store", tmp_path / "is.db",
                              "--json", code=1).splitlines()[-1])  # fmt: skip
    assert first.name in restored["damaged"][0]
    assert restored["new"] == 10


def test_search_in_an_archive(archive: Path, tmp_path: Path) -> None:
    said = run("search", "--archive", archive, "--since", FROM, "--domain", "tamyla.com", "--json", "level:>=warning",
               "--data-dir", tmp_path)  # fmt: skip
    assert [json.loads(line)["body"] for line in said.splitlines()] == [f"request {n}" for n in range(2, 40, 4)]
    assert "--count" in run("search", "--archive", archive, "--count", code=2)


def test_sql_on_an_archive(archive: Path, tmp_path: Path) -> None:
    asked = ("query", "--archive", archive, "--since", FROM, "--json", "--data-dir", tmp_path)
    said = run(
        *asked,
        "--domain",
        "tamyla.com",
        "SELECT attributes['user.id'] AS u, count(*) AS n FROM logs GROUP BY 1 ORDER BY 1",
    )
    assert json.loads(said) == [{"u": "u0", "n": 7}, {"u": "u1", "n": 6}, {"u": "u2", "n": 7}]
    assert "no_such" in run(*asked, "SELECT no_such FROM logs", code=1)
    assert "8 objects" in run(*asked, "--most-bytes", "1KiB", "SELECT 1", code=1)
    assert "--most-bytes" in run(*asked, "--most-bytes", "much", "SELECT 1", code=2)


def test_what_is_encrypted_is_opened_with_the_keys_of_a_data_directory(tmp_path: Path) -> None:
    """Or of a configuration; else it is shown encrypted, and that is said."""
    data, keyless, folder = tmp_path / "data", tmp_path / "keyless", tmp_path / "sealed"
    for each in (data, keyless, folder):
        each.mkdir()
    run("master-key", "create", tmp_path / "master.key")
    config = tmp_path / "config.yaml"
    config.write_text(f"""
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:0"}}}}}}}}
exporters: {{archive: {{to: "{folder}", encrypt: [body, attributes]}}}}
service:
  encryption: {{master_key: {{file: "{tmp_path / "master.key"}"}}}}
  pipelines: {{logs: {{receivers: [otlp], exporters: [archive]}}}}
""")
    ring = keys_of(data, [str(config)])
    assert ring is not None
    ring.check()
    staging = Staging(tmp_path / "staging", 1 << 20)
    staging.add(sealed(table_of(batch()), ["body", "attributes"], ring))
    target = open_archive(str(folder)).catalog.target
    for staged in staging.finish():
        target.put(str(ObjectName(staged.place, "ours", Cut(0, 1, 1), staged.footer.digest)), staged.path.read_bytes())
    ring.close()
    asked = ("search", "--archive", folder, "--since", FROM, "--domain", "tamyla.com", "--limit", 3, "--json")
    shut = run(*asked, "--data-dir", keyless)
    assert "values stay encrypted: there are no keys here that open body, attributes" in shut
    assert all(json.loads(line)["body"].startswith("enc:1:") for line in shut.splitlines() if line.startswith("{"))
    assert '"body":"request 38"' in run(*asked, "--data-dir", data, "--config", config, "@status:238")
    KeyPlace(data / "keys.db", "file", {"path": str(tmp_path / "master.key")}).remember(data)
    assert '"body":"request 38"' in run(*asked, "--data-dir", data, "@status:238")
    restore = ("archive", "restore", folder, "--domain", "tamyla.com", "--from", FROM, "--to", TO, "--data-dir", data)
    run(*restore, "--store", tmp_path / "is.db")
    with sqlite3.connect(tmp_path / "is.db") as connection:
        assert {body for (body,) in connection.execute("SELECT body FROM logs")} == {
            f"request {n}" for n in range(0, 40, 2)
        }
