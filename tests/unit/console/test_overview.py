"""Overview, patterns and report: pages and API, over records whose every text is hostile."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.console.commanding import Commands
from collector.console.pages.charts import PLOT, chart, flags
from collector.console.pages.patterns import pieces
from collector.console.service_state import ServiceState
from collector.control.asking import Told
from collector.outcomes import Counts
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.telemetry.health import Health
from collector.telemetry.snapshot import Snapshot
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio

NOW = time.time_ns()
A, B, PATTERN, ISSUE = "a.example", "b.example", "aaaa000000000001", "cccc000000000001"
HOSTILE = "<script>alert(1)</script>\"'\u202e\x1b[31m"


def record(number: int, domain: str) -> Row:
    attributes = [("logboom.triage.level", "critical"), ("logboom.component", HOSTILE), ("logboom.endpoint", HOSTILE),
                  ("logboom.pattern.id", PATTERN)]  # fmt: skip
    fields = {"domain": domain, "time_unix_nano": NOW - (number + 120) * 10**9, "body": HOSTILE}
    return Row(f"{domain[0].upper()}{number:025}", attributes, resource=[("service.name", HOSTILE)], fields=fields)


def put(connection: sqlite3.Connection, table: str, **row: Any) -> None:
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    store = EmbeddedStore(tmp_path / "store.db")
    store.insert(rows(batch_of([record(number, A) for number in range(8)] + [record(1, B)]), Limits()))
    store.close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        seen = {
            "first_seen_unix_nano": NOW - 600 * 10**9,
            "last_seen_unix_nano": NOW,
            "version": 1,
            "event_id": "E",
            "domain": A,
        }
        put(
            connection,
            "patterns",
            pattern_id=PATTERN,
            template=f"{HOSTILE} <*> x",
            service=HOSTILE,
            component=HOSTILE,
            **seen,
        )
        put(connection, "issues", issue_id=ISSUE, state="new", level="critical", priority="high", title=HOSTILE, service=HOSTILE,
            cause=HOSTILE, events=8, **seen)  # fmt: skip
        put(connection, "deployments", deployment_id="1", domain=A, service=HOSTILE, service_version=HOSTILE, time_unix_nano=NOW - 300 * 10**9,
            version=1, event_id="E")  # fmt: skip
    connection.close()
    async with asked(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/", "/?from=now-1h", "/patterns", "/patterns?sort=level", "/report"])
async def test_no_text_of_a_sender_is_markup(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert "\x1b" not in answer.text
    assert "could not be shown" not in answer.text


async def test_figures_are_of_the_domain_that_is_asked_for(client: httpx.AsyncClient) -> None:
    for domain, records, issues in ((A, 8, {"new": 1}), (B, 1, {})):
        found = (await client.get("/api/v1/stats/overview", params={"domain": domain})).json()
        assert (found["records"], found["levels"]["critical"], found["issues"]) == (records, records, issues)
    page = (await client.get("/", params={"domain": B})).text
    assert ISSUE not in page
    assert "No issue is open." in page


async def test_what_was_never_seen_before_is_told(client: httpx.AsyncClient) -> None:
    """A pattern that began within the time; not one that is older."""
    assert f"pattern%3A{PATTERN}" in (await client.get("/panels/overview.unlike", params={"from": "now-1h"})).text
    assert "No new pattern" in (await client.get("/panels/overview.unlike", params={"from": "now-5m"})).text


async def test_the_navigation_counts_what_wants_somebody(client: httpx.AsyncClient) -> None:
    assert '>Issues<span class="count">1</span>' in (await client.get("/patterns")).text
    assert '>Issues<span class="count">' not in (await client.get("/patterns", params={"domain": B})).text


async def test_the_first_start_says_how_to_send(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """Before there is a store, while it is empty, and for a domain without records; not where there are some."""
    assert "No logs yet" not in (await client.get("/")).text
    assert "No logs yet" in (await client.get("/", params={"domain": "c.example"})).text
    for made in (False, True):
        root = tmp_path / f"made-{made}"
        root.mkdir()
        if made:
            EmbeddedStore(root / "store.db").close()
        async with asked(root) as empty:
            page = (await empty.get("/")).text
        assert "No logs yet" in page
        assert "logboom send --records 1000 --protocol http --endpoint http://127.0.0.1:4318" in page


async def test_a_part_without_its_table_fails_alone(client: httpx.AsyncClient, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("DROP TABLE issues")
    connection.close()
    answer = await client.get("/")
    assert answer.status_code == 200
    assert "This part could not be shown" in answer.text
    assert "Urgent by component" in answer.text


async def test_patterns_deployments_and_report_are_there_for_programs(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/patterns", params={"domain": A})).json()
    assert [(each["pattern_id"], each["count"]) for each in found["patterns"]] == [(PATTERN, 8)]
    assert [each["version"] if "version" in each else each["service_version"] for each in
            (await client.get("/api/v1/deployments")).json()["deployments"]] == [HOSTILE]  # fmt: skip
    assert (await client.get("/api/v1/deployments", params={"domain": B})).json() == {"deployments": []}
    assert (await client.get("/api/v1/report", params={"domain": A})).json()["domains"] == [A]


async def test_the_report_says_what_was_kept_and_what_it_costs(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """With the prices of the configuration, and what the supervisor last told of bills: of the domains that are seen alone."""
    [plain] = (await client.get("/api/v1/report", params={"domain": A})).json()["kept"]
    assert (plain["records"], plain["cost"]) == (8, None)
    costs = {"domains": {"names": [A, B], "costs": {"prices": {"sqlite": {"records": 1_000_000}}}}}
    config = {"receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}}, "exporters": {"sqlite": {}},
              "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["sqlite"]}}, **costs}}  # fmt: skip
    snapshot = Snapshot(Counts(), costs={(A, "day"): 1.5, (A, "month"): 20.25, (B, "day"): 3.0})
    async with asked(
        tmp_path,
        config=config,
        state=ServiceState(time.time(), Health(ready=True, live=True, phase="running", started_unix=0.0), snapshot),
    ) as dear:
        told = (await dear.get("/api/v1/report", params={"domain": A})).json()
        assert [(row["domain"], row["cost"]) for row in told["kept"]] == [(A, 8.0)]
        assert told["spent"] == [{"domain": A, "today": 1.5, "this_month": 20.25}]
        page = (await dear.get("/report")).text
        assert "What destinations billed" in page
        assert "20.25" in page


async def test_a_deployment_that_is_none_is_refused(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async def carry_out(_: Commands, __: Any, name: str, domain: str, attributes: Any, **___: Any) -> Told:
        seen.append(f"{name} {domain}")
        return Told("C")

    monkeypatch.setattr(Commands, "carry_out", carry_out)
    own = {"sec-fetch-site": "same-origin", "origin": "http://localhost:8080"}
    body = {"domain": A, "service": "web", "version": "2"}
    for url in ("javascript:alert(1)", "http://[", "https:// x"):
        bad = await client.post("/api/v1/deployments", json={**body, "url": url}, headers=own)
        assert bad.status_code == 400, url
    good = await client.post("/api/v1/deployments", json=body, headers=own)
    assert (good.status_code, seen) == (201, [f"logboom.command.deployment {A}"])


def test_bars_stand_on_each_other_and_the_smallest_is_seen() -> None:
    drawn = chart(
        {"critical": [1, 0], "warning": [999, 0]},
        0,
        120 * 10**9,
        "",
        "said",
        [(60 * 10**9, "v2"), (999 * 10**9, "late")],
    )
    low, high = drawn.bars
    assert (low.kind, low.height, low.y) == ("critical", 2.0, PLOT - 2.0)
    assert high.y + high.height == pytest.approx(low.y)
    assert [flag.x for flag in drawn.flags] == [50.0]
    assert chart({"info": [0, 0]}, 0, 120 * 10**9, "", "").bars == []


def test_what_varies_in_a_template_is_told_apart() -> None:
    assert pieces("a <*> b<num>") == [(False, "a "), (True, "*"), (False, " b"), (True, "num")]


def test_names_of_deployments_that_are_close_stand_beside_the_newest_alone() -> None:
    """All have their flag; a long name is cut."""
    found = flags([(10, "a 1"), (800, "b 1"), (900, "b" * 80), (5000, "late")], 0, 1000)
    assert [(flag.x, flag.name, flag.left) for flag in found] == [
        (1.0, "a 1", False), (80.0, "", True), (90.0, f"{'b' * 39}…", True),
    ]  # fmt: skip


async def test_it_counts_what_is_stored_and_says_when_the_cause_was_found(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """The owner tells of an issue now and then; its records come all the time."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE issues SET events = 3")
        connection.execute("DELETE FROM issue_minutes")
        connection.execute("INSERT INTO issue_minutes VALUES (?, ?, 'critical', ?, 8)", (A, NOW // (60 * 10**9), ISSUE))
    page = (await client.get("/panels/overview.answer")).text
    assert "8 events since" in page
    assert "When it had 3:" in page
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE issues SET cause = '100 % of 5 events are from shop 2', events = 8")
    assert "When it had 5: <bdi>100 % of 5 events" in (await client.get("/panels/overview.answer")).text
    assert ">8<" in (await client.get("/panels/issues.list")).text


async def test_where_all_is_young_the_chart_begins_with_the_first_record(client: httpx.AsyncClient) -> None:
    assert "since the first record" in (await client.get("/panels/overview.urgent")).text
    assert "since the first record" not in (await client.get("/panels/overview.urgent?from=now-15m")).text


async def test_what_was_deployed_stands_in_the_chart_of_logs(client: httpx.AsyncClient) -> None:
    assert (await client.get("/panels/logs.chart?from=now-1h")).text.count('class="deploy-flag"') == 1
    assert 'class="deploy-flag"' not in (await client.get("/panels/logs.chart?from=now-1m")).text
