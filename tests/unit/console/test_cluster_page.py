"""The machines that share the work over Kafka, as this one hears of them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from collector.cluster import told
from collector.cluster.told import Heard, Told, numbers, tell
from collector.console.security import guard
from collector.console.service_state import ServiceState
from collector.console.views import cluster
from collector.console.visitor import Role, Visitor
from collector.outcomes import Counts
from collector.scope import Scope
from collector.telemetry.health import Health
from collector.telemetry.snapshot import Snapshot
from counterparts.console import asked

pytestmark = pytest.mark.anyio
CONFIG: dict[str, Any] = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "exporters": {"sqlite": {}},
    "service": {
        "ledger": {"partitions": 5, "kafka": {"brokers": ["k:9092"], "instance_id": "one"}},
        "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["sqlite"]}},
    },
}
HOSTILE = "two <b>\u202eno"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is not a silent one."""
    for module in (told, cluster):
        monkeypatch.setattr(module, "FRESH_SECS", 600.0)


def write(root: Path) -> int:
    """When: two machines, one of which is silent; of a partition nobody ever told, and one is restored here."""
    now = int(time.time() * 1000)
    others = {
        0: Heard("one", 0, now, now - 60_000, 7, now - 30_000, 3),
        1: Heard("one", 1, now, now - 60_000),
        2: Heard(HOSTILE, 0, now - 5_000_000, now - 9_000_000, 40),
        3: Heard(HOSTILE, 0, now - 5_000_000, now - 9_000_000, 2),
    }
    tell(root, 0, Told(os.getpid(), now, {}, others, {3: now - 1000}))
    tell(root, 1, Told(os.getpid(), now, {}, {0: Heard("before", 9, now - 70_000)}))
    return now


def state(**conditions: int) -> ServiceState:
    return ServiceState(
        time.time(), Health(True, True, "ready", time.time()), Snapshot(counts=Counts(), conditions=conditions)
    )


def test_who_owns_what(tmp_path: Path) -> None:
    now = write(tmp_path)
    found = cluster.cluster(tmp_path, 5, "one", None)
    assert [(row["state"], row["owner"], row["worker"]) for row in found["partitions"]] == [
        ("owned", "one", 0), ("owned", "one", 1), ("standing", HOSTILE, 0), ("restoring", HOSTILE, 0), ("standing", "", 0)
    ]  # fmt: skip
    assert [(row["unread"], row["queued"]) for row in found["partitions"][:3]] == [(7, 3), (0, 0), (40, 0)]
    assert found["partitions"][0]["oldest_secs"] >= 29
    assert [row["since_unix_ms"] for row in found["partitions"]] == [
        now - 60_000,
        now - 60_000,
        now - 5_000_000,
        now - 1000,
        0,
    ]
    one, two = found["machines"]
    assert (one["name"], one["partitions"], one["workers"], one["unread"], one["queued"]) == (
        "one",
        [0, 1],
        [0, 1],
        7,
        3,
    )
    assert (two["name"], two["partitions"], two["standing"]) == (HOSTILE, [], [2, 3])
    assert cluster.totals(found["partitions"]) == {"owned": 2, "restoring": 1, "standing": 2}


def test_nobody_is_known_at_a_start(tmp_path: Path) -> None:
    found = cluster.cluster(tmp_path, 2, "one", state())
    assert [each["name"] for each in found["machines"]] == ["one"]
    assert (found["heard_secs_ago"], found["cut_off"]) == (None, False)


def test_what_a_worker_of_a_former_version_told_is_heard(tmp_path: Path) -> None:
    now = write(tmp_path)
    path = tmp_path / "cluster" / "0.json"
    said = json.loads(path.read_text())
    path.write_text(
        json.dumps(
            {**{name: said[name] for name in ("pid", "at_unix_ms", "partitions")}, "others": {"1": ["one", 1, now]}}
        )
    )
    assert cluster.cluster(tmp_path, 2, "one", None)["partitions"][1]["owner"] == "one"


@pytest.mark.parametrize(("given", "said"), [([0, 1, 2, 4, 6, 7], "0 to 2, 4, 6 to 7"), ([3], "3"), ([], "")])
def test_numbers_for_people(given: list[int], said: str) -> None:
    assert numbers(given) == said


async def test_the_page_and_the_api(tmp_path: Path) -> None:
    write(tmp_path)
    async with asked(tmp_path, config=CONFIG, state=state(cluster_cut_off=1)) as client:
        page = (await client.get("/cluster")).text
        for said in (
            "stands still",
            "being restored here",
            "nobody yet",
            "2 of 5 partitions stand still",
            "has not heard of the brokers",
            "two &lt;b&gt;",
        ):
            assert said in page
        assert "\u202e" not in page
        assert "two <b>" not in page
        found = (await client.get("/api/v1/cluster")).json()
        assert (found["me"], found["cut_off"], len(found["partitions"])) == ("one", True, 5)
        assert 'href="/cluster"' in (await client.get("/health")).text


async def test_where_there_is_no_cluster_there_is_no_page(tmp_path: Path) -> None:
    async with asked(tmp_path, state=state()) as client:
        assert (await client.get("/cluster")).status_code == 404
        answer = await client.get("/api/v1/cluster")
        assert answer.status_code == 404
        assert "of no cluster" in answer.text
        assert "/cluster" not in (await client.get("/health")).text


async def test_who_sees_some_domains_sees_no_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LOCAL", Visitor("anna", Scope.of("a.example"), Role.ADMIN))
    write(tmp_path)
    async with asked(tmp_path, config=CONFIG, state=state()) as client:
        for path in ("/cluster", "/api/v1/cluster", "/panels/cluster.machines"):
            answer = await client.get(path)
            assert "two" not in answer.text
            assert "stands still" not in answer.text
            assert answer.status_code == 403 or path.startswith("/panels")
        assert "/cluster" not in (await client.get("/health")).text
