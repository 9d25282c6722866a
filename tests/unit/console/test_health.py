"""How the service is: as the supervisor told it, for whoever asks."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from collector.backend.interface import FiledLetter, NoSuchDeadLetter
from collector.console import telling
from collector.console.security import guard
from collector.console.service_state import ServiceState
from collector.console.times import UNKNOWN
from collector.console.views import health
from collector.console.visitor import Role, Visitor
from collector.control.record import ControlRecord
from collector.control.reporter import Reporter
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.ledger.deadletters import DeadLetterInfo
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.telemetry.health import Health
from collector.telemetry.snapshot import ExporterQueue, JournalState, ProcessState, Snapshot
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio
CONFIG: dict[str, Any] = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "exporters": {"sqlite": {}},
    "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["sqlite"]}}},
}
HOSTILE = "403 <b>\u202eno"
STATE = ServiceState(
    time.time(),
    Health(True, True, "running", time.time() - 1000, ["exporter otlp is blocked"]),
    Snapshot(
        counts=Counter({
            ("a.example", "receiver/otlp", "accepted"): 70,
            ("a.example", "receiver/otlp", "refused"): 3,
            ("b.example", "receiver/otlp", "accepted"): 20,
            ("a.example", "exporter/otlp", "exported"): 60,
            ("b.example", "exporter/otlp", "exported"): 15,
        }),
        journals=[JournalState(0, 3 << 20, 64 << 20, 12, 0)],
        queues={"otlp": ExporterQueue(15, 2000, 1 << 30, int(time.time() * 1000) - 60_000)},
        processes=[ProcessState("worker-0", 4711, 2.5, 90 << 20)],
        exporters={"otlp": {"state": "blocked", "reason": HOSTILE}},
        limits_refused={("a.example", "records"): 2, ("b.example", "records"): 5},
        quota_used={("a.example", "bytes"): 900},
    ),
)  # fmt: skip


def test_who_sees_all_sees_the_service() -> None:
    found = health.pipeline(STATE, Scope.everything())
    [exporter] = found["service"]["exporters"]
    assert (exporter["state"], exporter["waiting"], exporter["exported"]) == ("blocked", 15, 75)
    assert exporter["oldest_secs"] >= 59
    assert found["service"]["degraded"] == ["exporter otlp is blocked"]


def test_a_domain_sees_its_own_numbers_and_no_processes() -> None:
    """Neither what others sent, nor how the service is made."""
    scope = Scope.of("b.example")
    found = health.pipeline(STATE, scope)
    assert found["service"] is None
    assert {each["component"]: each["records"] for each in found["flow"]} == {"receiver/otlp": 20, "exporter/otlp": 15}
    assert health.usage(STATE, scope) == [
        {"domain": "b.example", "accepted": 20, "refused": 0, "limited_requests": 5, "today": {}}
    ]
    assert [each["today"] for each in health.usage(STATE, Scope.of("a.example"))] == [{"bytes": 900}]


async def test_the_page_says_how_old_it_is_and_no_text_of_destinations_as_markup(tmp_path: Path) -> None:
    EmbeddedStore(tmp_path / "store.db").close()
    async with asked(tmp_path, state=STATE) as client:
        page = (await client.get("/health")).text
        assert "told " in page
        assert "worker-0" in page
        assert "exporter otlp is blocked" in page
        assert "<b>\u202e" not in page
        assert "\u202e" not in page
        narrow = (await client.get("/health", params={"domain": "b.example"})).text
        assert "worker-0" not in narrow
        answer = await client.get("/api/v1/health/pipeline", params={"domain": "b.example"})
        assert answer.json()["service"] is None
        assert len((await client.get("/api/v1/domains/usage")).json()["domains"]) == 2


async def test_nothing_told_yet_is_said(tmp_path: Path) -> None:
    async with asked(tmp_path) as client:
        assert "has not told anything yet" in (await client.get("/health")).text
        answer = await client.get("/api/v1/health/pipeline")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert (await client.get("/api/v1/deadletters")).status_code == 503


async def test_keys_are_told_without_secrets_and_limits_as_configured(tmp_path: Path) -> None:
    made = new_key(KeyKind.INGEST)
    KeyStore(tmp_path / FILE).add(Key(made.id, KeyKind.INGEST, "a.example", made.digest, "shop"))
    async with asked(tmp_path) as client:
        answer = await client.get("/api/v1/keys")
        [key] = answer.json()["keys"]
        assert (key["id"], key["domain"], key["name"], key["state"]) == (made.id, "a.example", "shop", "good")
        assert made.text not in answer.text
        assert "digest" not in key
        limits = (await client.get("/api/v1/limits")).json()
        assert limits == {"rates": {}, "per_key": {}, "domains": {}}


async def test_what_failed_names_no_path(tmp_path: Path) -> None:
    async with asked(tmp_path) as client:
        for path in ("/health", "/api/v1/deadletters"):
            assert str(tmp_path) not in (await client.get(path)).text


class OneLetter:
    """A desk with one dead letter."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.letter = FiledLetter(
            0, DeadLetterInfo(17, "exporter/otlp", "logs", HOSTILE, 38, {"a.example": 38}, 900, 1)
        )

    def letters(self) -> list[FiledLetter]:
        return [self.letter]

    def named(self, ids: list[str]) -> list[FiledLetter]:
        if ids != [self.letter.id]:
            raise NoSuchDeadLetter(ids)
        return [self.letter]

    def request(self, action: Any, letters: list[FiledLetter]) -> None:
        self.asked += [(action, each.id) for each in letters]


async def test_dead_letters_are_shown_and_tried_again_and_who_asked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, told = OneLetter(), list[ControlRecord]()
    monkeypatch.setattr(telling, "desk_of", lambda *_: desk)
    reporter = Reporter(SimpleNamespace(tell=told.append), "console 0", lambda: "logboom")
    async with asked(tmp_path, state=STATE, reporter=reporter) as client:
        page = (await client.get("/health")).text
        assert "Replay" in page
        assert "<b>\u202e" not in page

        async def press(**given: str) -> httpx.Response:
            return await client.post("/health/deadletters", data=given)

        answer = await press(ident="0:17", action="replay")
        assert (answer.status_code, answer.headers["location"]) == (303, "/health?done=replay#letters")
        assert (await press(owner="exporter/otlp", reason=HOSTILE, action="replay")).status_code == 303
        assert (await press(owner="exporter/otlp", reason="another", action="delete")).status_code == 404
        assert (await press(ident="0:17", action="eat")).status_code == 400
        assert (await client.post("/api/v1/deadletters/0:17/delete")).json() == {"asked": "delete", "records": 38}
        assert (await client.post("/api/v1/deadletters/0:18/delete")).status_code == 404
        assert desk.asked == [("replay", "0:17"), ("replay", "0:17"), ("delete", "0:17")]
        assert (await client.get("/api/v1/deadletters")).json()["total"] == 1
    assert [(each.name, each.attributes["user.id"], each.attributes["logboom.action"]) for each in told] == [
        ("logboom.service.console.dead_letters", "local", action) for action in ("replay", "replay", "delete")
    ]
    assert told[0].attributes["logboom.dead_letters"] == "0:17"


def test_dead_letters_of_one_reason_are_one_row() -> None:
    """Those with most records first; the oldest of each stands for it."""
    given = [
        ("exporter/a", "400", 3, 50),
        ("exporter/a", "400", 4, 20),
        ("exporter/b", "400", 9, 30),
        ("exporter/a", "413", 1, 10),
    ]
    letters = [
        FiledLetter(0, DeadLetterInfo(at, owner, "logs", reason, records, {}, 1, made))
        for at, (owner, reason, records, made) in enumerate(given)
    ]
    found = [(each.owner, each.reason, each.letters, each.records, each.first) for each in health.lots(letters)]
    assert found == [
        ("exporter/b", "400", 1, 9, "0:2"), ("exporter/a", "400", 2, 7, "0:1"), ("exporter/a", "413", 1, 1, "0:3"),
    ]  # fmt: skip


async def test_of_each_domain_how_much_comes_what_is_stored_and_from_when_on(tmp_path: Path) -> None:
    now = time.time_ns()
    store = EmbeddedStore(tmp_path / "store.db")
    ages = [60] * 10 + [3600] * 5 + [3 * 86_400]
    store.insert(rows(batch_of([
        Row(f"{at:026}", fields={"domain": "a.example", "time_unix_nano": now - age * 10**9}) for at, age in enumerate(ages)
    ]), Limits()))  # fmt: skip
    store.close()
    async with asked(tmp_path, state=STATE) as client:
        page = (await client.get("/panels/health.domains")).text
        first, second = (
            [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)]
            for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)[1:]
        )
        assert (first[0], first[1], first[4], first[6]) == ("a.example", "2.0", "3", "16")
        assert "15 records in 24 hours" in page
        assert (second[0], second[1], second[6]) == ("b.example", UNKNOWN, UNKNOWN)


async def test_of_a_held_domain_it_says_why(tmp_path: Path) -> None:
    """Text of the configuration is text; a hold that has ended is none."""
    holds = [
        {"domain": "a.example", "reason": HOSTILE},
        {"domain": "b.example", "reason": "over", "until": "2020-01-31"},
    ]
    given = {**CONFIG, "service": {**CONFIG["service"], "privacy": {"holds": holds}}}
    async with asked(tmp_path, state=STATE, config=given) as client:
        page = (await client.get("/panels/health.domains")).text
    assert page.count("held:") == 1
    assert "held: <bdi>403 &lt;b&gt;" in page


async def test_limits_and_keys_stand_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = new_key(KeyKind.INGEST)
    KeyStore(tmp_path / FILE).add(Key(made.id, KeyKind.INGEST, "a.example", made.digest, HOSTILE))
    limits = {"records_per_second": 2000, "overrides": {"b.example": {"bytes_per_second": 1 << 20}}}
    given = {**CONFIG, "service": {**CONFIG["service"], "domains": {"limits": limits}}}
    async with asked(tmp_path, config=given) as client:
        page = (await client.get("/health")).text
        assert "2,000" in page
        assert "1.0 MiB" in page
        assert "403 &lt;b&gt;" in page
        assert made.text not in page
        monkeypatch.setattr(guard, "LOCAL", Visitor("anna", Scope.of("a.example"), Role.OPERATOR))
        narrow = (await client.get("/health")).text
        assert "takes the role admin" in narrow
        assert "b.example" not in narrow
