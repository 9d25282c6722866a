"""`logboom query` and `tail` with `--store d1`: what they say of the file, they say of D1."""

from __future__ import annotations

import asyncio
import json

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.component import Context
from collector.scope import Scope
from collector.store.d1_reading import D1Follower
from collector.store.following import Wanted
from collector.testing.row_batch import Row, batch_of
from exporters.d1 import FACTORY

ROWS = [
    Row(
        f"r{n}",
        [("n", 2**60 + 1), ("logboom.triage.level", "critical" if n == 2 else "info")],
        fields={
            "body": body,
            "domain": "b.com" if n == 2 else "a.com",
            "time_unix_nano": 1_700_000_000_000_000_001 + n,
        },
    )
    for n, body in enumerate(['say "hi"', "[1]", "plain"])
]


def deliver(options, tmp_path, rows):
    async def run():
        exporter = FACTORY.create(FACTORY.config(**options), Context("d1", tmp_path))
        await exporter.start()
        await exporter.send(exporter.encode(batch_of(rows)))
        await exporter.shutdown()

    asyncio.run(run())


@pytest.fixture
def options(cloudflare, tmp_path, monkeypatch):
    made = {**cloudflare.options(), "database_id": cloudflare.database()}
    deliver(made, tmp_path, ROWS)
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", made["account_id"])
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", made["api_token"])
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", made["base_url"])
    monkeypatch.setenv("CLOUDFLARE_D1_DATABASE_ID", made["database_id"])
    monkeypatch.chdir(tmp_path)
    return made


def ask(*arguments):
    return CliRunner().invoke(app, ["query", "--store", "d1", "-f", "json", *arguments])


ANSWERS = [
    ("SELECT max(time_unix_nano) AS t FROM logs", [{"t": 1_700_000_000_000_000_003}]),
    (
        "SELECT attributes ->> '$.n' AS n, attributes -> '$.n' AS j FROM logs LIMIT 1;",
        [{"n": 2**60 + 1, "j": str(2**60 + 1)}],
    ),
    ("SELECT body FROM logs ORDER BY record_id DESC", [{"body": "plain"}, {"body": "[1]"}, {"body": 'say "hi"'}]),
    (
        "WITH x AS (SELECT 1.5 AS a) SELECT a, NULL AS b, x'00ff' AS c FROM x -- done",
        [{"a": 1.5, "b": None, "c": "00FF"}],
    ),
    ("SELECT * FROM logs WHERE false", []),
]


@pytest.mark.parametrize(("sql", "wanted"), ANSWERS)
def test_answers_keep_their_types_and_digits(options, sql, wanted):
    """Integers beyond 2^53, JSON that stays text, floats, NULL, bytes as hex."""
    assert json.loads(ask(sql).stdout) == wanted


def test_every_column_at_once_and_a_limit(options):
    """`SELECT *` has more than 32 columns; a limit says that there is more."""
    result = ask("--limit", "2", "SELECT *, 1, 2, 3, 4, 5, 6, 7, 8 FROM logs")
    assert [len(row) for row in json.loads(result.stdout)] == [41, 41]
    assert "only the first 2 rows" in result.stderr


def test_a_domain_sees_its_own_rows_only(options):
    """Whatever the statement tries."""
    assert json.loads(ask("--domain", "b.com", "SELECT record_id FROM logs").stdout) == [{"record_id": "r2"}]
    for sql in ("SELECT * FROM main.logs", "SELECT 1) UNION SELECT count(*) FROM (SELECT * FROM main.logs"):
        refused = ask("--domain", "b.com", sql)
        assert (refused.exit_code, "error:" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    "sql", ["DELETE FROM logs", "DROP TABLE logs", "SELECT 1; DELETE FROM logs", "ATTACH 'x' AS y"]
)
def test_nothing_but_reading_reaches_the_database(options, sql):
    """The token may write; the command does not."""
    refused = ask(sql)
    assert refused.exit_code == 1
    assert json.loads(ask("SELECT count(*) AS n FROM logs").stdout) == [{"n": 3}]


def test_what_is_wrong_is_told(options, monkeypatch):
    """A mistake in SQL, a wrong token, no settings at all; the token is not shown."""
    assert "did you mean body?" in ask("SELECT bdoy FROM logs").stderr
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "secret-of-mine")
    refused = ask("SELECT 1")
    assert "D1 says: 403 Forbidden" in refused.stderr
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "")
    assert "CLOUDFLARE_ACCOUNT_ID" in ask("SELECT 1").stderr
    assert "secret-of-mine" not in refused.output + ask("SELECT 1").output


def test_the_account_may_come_from_the_configuration(options, monkeypatch, tmp_path):
    """Its first d1 exporter."""
    monkeypatch.delenv("CLOUDFLARE_ACCOUNT_ID")
    assert json.loads(ask("-c", written(tmp_path, options), "SELECT count(*) AS n FROM logs").stdout) == [{"n": 3}]


def test_databases_with_names_are_found_by_the_domain(cloudflare, tmp_path):
    """`database_name: logs-{domain}` asks for the domain, and says so when there is no such database."""
    options = {**cloudflare.options(), "database_name": "read-{domain}", "auto_create": True}
    deliver(options, tmp_path, ROWS)
    config = ["-c", written(tmp_path, options)]
    found = ask(*config, "--domain", "b.com", "SELECT record_id FROM logs")
    assert json.loads(found.stdout) == [{"record_id": "r2"}]
    assert "--domain" in ask(*config, "SELECT 1").stderr
    assert "no D1 database 'read-c-com'" in ask(*config, "--domain", "c.com", "SELECT 1").stderr


def written(tmp_path, options):
    path = tmp_path / "c.yaml"
    path.write_text(
        json.dumps(
            {
                "receivers": {"otlp": {"protocols": {"grpc": {}}}},
                "exporters": {"d1": options},
                "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["d1"]}}},
            }
        )
    )
    return str(path)


def test_tail_begins_with_the_newest_and_filters(options):
    """Oldest first, with the level; every column as JSON."""
    tail = ["tail", "--store", "d1", "--no-follow"]
    lines = CliRunner().invoke(app, [*tail, "--level", "critical"]).stdout
    assert "critical" in lines
    assert "plain" in lines
    found = [json.loads(line) for line in CliRunner().invoke(app, [*tail, "-n", "2", "--json"]).stdout.splitlines()]
    assert [(row["record_id"], row["time_unix_nano"]) for row in found] == [
        ("r1", 1_700_000_000_000_000_002), ("r2", 1_700_000_000_000_000_003),
    ]  # fmt: skip


def test_a_follower_sees_each_new_row_once(options, tmp_path):
    """Also over pages, and only what is wanted."""
    from collector.store.d1 import D1Database
    from collector.transport.cloudflare import CloudflareClient

    async def run():
        client = CloudflareClient(FACTORY.config(**options), tmp_path)
        await client.start()
        follower = D1Follower(D1Database(client, options["database_id"]), Wanted(Scope.of("a.com")))
        await follower.start()
        assert await follower.fresh() == []
        await asyncio.to_thread(deliver, options, tmp_path, [
            Row(f"s{n:03d}", fields={"domain": "ab"[n % 2] + ".com"}) for n in range(900)
        ])  # fmt: skip
        found = []
        while page := await follower.fresh():
            found += [row["record_id"] for row in page]
        await client.close()
        return found

    assert asyncio.run(run()) == [f"s{n:03d}" for n in range(0, 900, 2)]


def test_a_poll_that_finds_nothing_reads_next_to_nothing(options, tmp_path):
    """D1 bills rows that are read: for a store of any size, and also when only others' rows came."""
    from collector.store.d1 import D1Database
    from collector.transport.cloudflare import CloudflareClient

    read: list[int] = []

    class Billed(D1Database):
        async def run(self, *statements):
            results = await super().run(*statements)
            read.append(sum(int(result["meta"]["rows_read"]) for result in results))
            return results

    async def run():
        client = CloudflareClient(FACTORY.config(**options), tmp_path)
        await client.start()
        follower = D1Follower(Billed(client, options["database_id"]), Wanted(Scope.of("a.com")))
        await follower.start()
        await asyncio.to_thread(deliver, options, tmp_path, [
            Row(f"t{n:03d}", fields={"domain": "b.com"}) for n in range(500)
        ])  # fmt: skip
        pages = [await follower.fresh() for _ in range(3)]
        await client.close()
        return pages

    assert asyncio.run(run()) == [[], [], []]
    assert read[1] >= 500
    assert max(read[2:]) <= 4
