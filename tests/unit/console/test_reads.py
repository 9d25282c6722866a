"""Who read what: noted wherever the store is asked, summed, told until it is on disk, bounded; never a value that was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from collector.console import reads as module
from collector.console.reads import ALL, FILE, Reads, What
from collector.control.asking import NotRunning
from collector.control.catalogue import AUDIT_LOST, RECORDS_EXPORTED, RECORDS_READ
from collector.control.record import ControlRecord
from collector.query.shape import shape_of
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio
A, SECRET = "a.example", "4111111111111111"


class Slot:
    """Where records are handed over."""

    def __init__(self) -> None:
        self.records: list[ControlRecord] = []
        self.there = True

    def __call__(self, record: ControlRecord) -> None:
        if not self.there:
            raise NotRunning("nobody")
        self.records.append(record)

    def told(self) -> list[tuple[str, str, str, int]]:
        return [
            (
                each.domain,
                str(each.attributes["logboom.by"]),
                str(each.attributes["logboom.shape"]),
                int(each.attributes["logboom.count"]),
            )
            for each in self.records
        ]


@pytest.fixture
def slot() -> Slot:
    return Slot()


@pytest.fixture
def reads(tmp_path: Path, slot: Slot) -> Reads:
    return Reads(tmp_path, "console 0", lambda: "ops.example", slot)


@pytest.fixture
async def client(tmp_path: Path, reads: Reads) -> AsyncIterator[httpx.AsyncClient]:
    store = EmbeddedStore(tmp_path / "store.db")
    store.insert(rows(batch_of([Row(f"{1:026}", fields={"domain": A, "body": "x"})]), Limits()))
    store.close()
    async with asked(tmp_path, {"loki": True}, reads=reads) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "domain", "by", "shape"),
    [
        (f"/api/v1/logs?domain={A}&q=service:{SECRET} {SECRET}", A, "api", "/logs service:? text"),
        (f"/api/v1/logs?q=@card:{SECRET}", "ops.example", "api", "/logs @card:?"),
        (f"/api/v1/logs/{1:026}", "ops.example", "api", "/logs/{record_id}"),
        (f"/logs?domain={A}", A, "console", "/logs"),
        ('/loki/api/v1/query_range?query={domain="a.example"}', "ops.example", "loki", "/loki/api/v1/query_range"),
        (f"/issues?domain={A}", A, "console", "/issues"),
        (f"/patterns?domain={A}", A, "console", "/patterns"),
    ],
    ids=["list", "attribute", "one", "page", "loki", "issues", "patterns"],
)
async def test_who_asks_the_store_is_noted(
    path: str, domain: str, by: str, shape: str, client: httpx.AsyncClient, reads: Reads, slot: Slot
) -> None:
    for _ in range(3):
        assert (await client.get(path)).status_code == 200
    assert reads.flush()
    assert (domain, by, shape, 3) in slot.told()
    assert (
        len({each.attributes["logboom.question"] for each in slot.records if each.attributes["logboom.shape"] == shape})
        == 1
    )
    assert SECRET not in str(slot.records)
    for each in slot.records:
        assert each.attributes["user.id"] == "local"
        assert each.attributes["client.address"] == "127.0.0.1"
        assert each.attributes.keys() <= {*RECORDS_READ.attributes, "logboom.process"}


async def test_what_is_taken_away_is_told_as_that(client: httpx.AsyncClient, reads: Reads, slot: Slot) -> None:
    await client.get(f"/api/v1/logs/export?domain={A}")
    reads.flush()
    assert [each.name for each in slot.records] == [RECORDS_EXPORTED.event_name]


async def test_what_shows_no_record_is_not_noted(client: httpx.AsyncClient, reads: Reads, slot: Slot) -> None:
    for path in ("/api/v1/me", "/api/v1/domains", "/static/base.css", "/health"):
        await client.get(path)
    reads.flush()
    assert [shape for *_, shape, _ in slot.told() if "health" not in shape] == []


def test_what_cannot_be_told_waits_and_is_told_by_the_next_process(tmp_path: Path, reads: Reads, slot: Slot) -> None:
    slot.there = False
    reads.note(What("anna", "", "api", A, "/api/v1/logs"), "h")
    assert not reads.flush()
    reads.close()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    after = Slot()
    second = Reads(tmp_path, "console 0", lambda: "ops.example", after)
    second.start()
    second.close()
    assert after.told() == [(A, "api", "/api/v1/logs", 1)]
    assert not (tmp_path / FILE).exists()


def test_it_is_bounded_and_what_is_lost_is_told(reads: Reads, slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SUMS", 10)
    monkeypatch.setattr(module, "_MOST_WAITING", 4)
    for number in range(50):
        reads.note(What(f"user {number}", "", "api", A, "/"), "")
    slot.there = False
    reads.flush()
    slot.there = True
    reads.flush()
    (lost,) = [each for each in slot.records if each.name == AUDIT_LOST.event_name]
    assert lost.attributes["logboom.count"] == 7
    assert len(slot.records) == 5
    others = [each for each in slot.records if each.attributes.get("user.id") == "{other}"]
    assert [each.attributes["logboom.count"] for each in others] == [40]
    assert others[0].attributes["logboom.domain"] == ALL


def test_equal_questions_are_known_and_nobody_can_try_them_out(tmp_path: Path, reads: Reads) -> None:
    """Without the key that lies in the data directory."""
    other = Reads(tmp_path, "console 0", lambda: "", Slot())
    (tmp_path / "second").mkdir()
    stranger = Reads(tmp_path / "second", "console 0", lambda: "", Slot())
    assert reads.hashed(SECRET) == other.hashed(SECRET) != stranger.hashed(SECRET)


def test_a_shape_holds_no_value() -> None:
    assert (
        shape_of(f"service:{SECRET} OR (-level:>=warning {SECRET}) @k{SECRET}:7 service:x")
        == "service:? level:? text @k#:?"
    )
