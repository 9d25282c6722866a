"""How the service is: as the supervisor told it, for whoever asks."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from collector.backend.interface import FiledLetter, NoSuchDeadLetter
from collector.console import telling
from collector.console.service_state import ServiceState
from collector.console.views import health
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.ledger.deadletters import DeadLetterInfo
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.telemetry.health import Health
from collector.telemetry.snapshot import ExporterQueue, JournalState, ProcessState, Snapshot
from counterparts.console import asked

pytestmark = pytest.mark.anyio
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
        assert "Told " in page
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


async def test_dead_letters_are_shown_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = OneLetter()
    monkeypatch.setattr(telling, "desk_of", lambda *_: desk)
    async with asked(tmp_path, state=STATE) as client:
        page = (await client.get("/health")).text
        assert "Replay" in page
        assert "<b>\u202e" not in page
        answer = await client.post("/health/deadletter", data={"ident": "0:17", "action": "replay"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/health?done=replay")
        assert (await client.post("/api/v1/deadletters/0:17/delete")).json() == {"asked": "delete", "records": 38}
        assert (await client.post("/api/v1/deadletters/0:18/delete")).status_code == 404
        assert (await client.post("/health/deadletter", data={"ident": "0:17", "action": "eat"})).status_code == 400
        assert desk.asked == [("replay", "0:17"), ("delete", "0:17")]
        assert (await client.get("/api/v1/deadletters")).json()["total"] == 1
