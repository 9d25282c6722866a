"""What the kv exporter keeps on this machine, and how it is paced."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest

from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of
from collector.testing.virtual_time import InlineExecutor, run_virtual
from collector.transport.cloudflare import Answer
from exporters.kv import FACTORY
from exporters.kv.keys import counts_key, hour_of, recent_key
from exporters.kv.records import viewed
from exporters.kv.view import Shape, View

OPTIONS = {"account_id": "a", "api_token": "secret-of-mine", "namespace_id": "n"}
HOUR_7 = "0004G8W0C0"
"""The front of a record id received in the first hour of 1970 plus some years; any ten characters will do."""


def ids(count: int, first: int = 0) -> list[str]:
    return [f"{HOUR_7}{n:016d}" for n in range(first, first + count)]


def frame(record_ids: list[str], **fields: Any):
    return viewed(
        batch_of([Row(one, fields={"body": one[-3:], "domain": "a.com", **fields}) for one in record_ids]), 4096
    )


@pytest.fixture
def view(tmp_path):
    one = View(tmp_path / "view.db", Shape("p/", recent=10, chunk=4, max_components=2))
    one.open()
    yield one
    one.close()


def published(view: View) -> dict[str, Any]:
    """Write everything, as KV would."""
    changes = view.changes(["a.com"])
    view.published(changes)
    return {change.key: json.loads(change.value) for change in changes}


def test_the_newest_records_stand_in_chunks_used_in_turn(view):
    """Ten records in chunks of four need four slots; only changed ones are written again."""
    view.add(frame(ids(3)))
    assert [len(one["records"]) for key, one in published(view).items() if "recent" in key] == [3]
    view.add(frame(ids(20, 3)))
    kept = {key: one for key, one in published(view).items() if "recent" in key}
    numbers = sorted(one["first"] + at for one in kept.values() for at in range(len(one["records"])))
    assert numbers == list(range(13, 23))
    view.add(frame(ids(1, 23)))
    assert [key for key in published(view) if "recent" in key] == [recent_key("p/", "a.com", 23 // 4 % 4)]


def test_a_record_that_comes_again_changes_nothing(view):
    """In the same request, in a later one, after a restart."""
    assert view.add(frame(ids(5) + ids(5))) == 5
    published(view)
    view.close()
    view.open()
    assert view.add(frame(ids(5))) == 0
    assert view.changes(["a.com"]) == []


def test_a_change_after_the_write_stays_to_be_written(view):
    """`published` knows the version that was written."""
    view.add(frame(ids(1)))
    changes = view.changes(["a.com"])
    view.add(frame(ids(1, 1)))
    view.published(changes)
    assert {change.key for change in view.changes(["a.com"])} == {change.key for change in changes}


def test_counts_by_level_and_component_with_a_bound(view):
    """Untriaged records count by severity; components beyond the bound count together."""
    made = [
        Row(one, [("logboom.component", f"c{n}")], fields={"domain": "a.com", "severity_number": number})
        for n, (one, number) in enumerate(zip(ids(4), (21, 17, 9, 1), strict=True))
    ]
    view.add(viewed(batch_of(made), 4096))
    (counts,) = [one for key, one in published(view).items() if "counts" in key]
    assert counts["levels"] == {"critical": 1, "warning": 1, "info": 1, "debug": 1}
    assert counts["components"] == {"c0": {"critical": 1}, "c1": {"warning": 1}, "(other)": {"info": 1, "debug": 1}}


@pytest.mark.parametrize("domain", ["", "tamyla.com", "a/b%c d", "x" * 1000, "日本.example" * 40])
def test_keys_stay_within_512_bytes(domain):
    """With the longest prefix."""
    for key in (recent_key("p" * 64, domain, 9901), counts_key("p" * 64, domain, hour_of(2**47))):
        assert len(key.encode()) <= 512
        assert key.count("/") == 2


def test_lines_are_json_whatever_the_record_says():
    """Control characters, quotes, no body at all; the body is cut."""
    batch = batch_of([Row("r0", fields={"body": '"\\\n\x01' * 3000}), Row("r1", fields={"body": None})])
    first, second = [json.loads(line) for line in viewed(batch, 256).get_column("line")]
    assert first["body"] == ('"\\\n\x01' * 3000)[:256]
    assert second == {"time_unix_nano": "1700000000000000001", "record_id": "r1", "severity_number": 9}


class SlowKv:
    """Holds nothing, takes every write at once, and notes when."""

    def __init__(self) -> None:
        self.writes: list[tuple[float, list[str]]] = []

    async def call(self, method: str, path: str, body: bytes, **_: Any) -> Answer:
        if path.endswith("/bulk/get"):
            return Answer(200, succeeded=True, result={"values": dict.fromkeys(json.loads(body)["keys"])})
        self.writes.append((asyncio.get_running_loop().time(), [pair["key"] for pair in json.loads(body)]))
        return Answer(200, succeeded=True, result={"unsuccessful_keys": []})

    async def start(self) -> None: ...
    async def close(self) -> None: ...


def test_a_key_is_written_once_a_second_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Twenty requests at once become two writes, a second apart; none is lost."""
    monkeypatch.setattr("exporters.kv.exporter.ThreadPoolExecutor", lambda *_, **__: InlineExecutor())
    kv = SlowKv()

    async def run() -> None:
        exporter = FACTORY.create(FACTORY.config(**OPTIONS), Context("kv", tmp_path))
        exporter._client = kv
        await exporter.start()
        assert isinstance(exporter._thread, Executor)
        requests = [exporter.encode(batch_of([Row(one)])) for one in ids(20)]
        await exporter.send(requests[0])
        answers = await asyncio.gather(*map(exporter.send, requests))
        assert all(exporter.classify(answer) == [Ok()] for answer in answers)
        await exporter.shutdown()

    run_virtual(run())
    (first, keys), (second, again) = kv.writes
    assert keys == again
    assert second - first >= 1.0


def test_what_answers_mean(tmp_path):
    """Success, refused keys by their number, errors; the token shows nowhere."""
    exporter = FACTORY.create(FACTORY.config(**OPTIONS), Context("kv", tmp_path))
    assert exporter.classify(None) == [Ok()]
    assert exporter.classify(Answer(429, succeeded=False, after_secs=3)) == [
        Retry("429 Too Many Requests", after_secs=3, throttled=True)
    ]
    assert exporter.classify(Answer(403, succeeded=False, message="no")) == [Blocked("403 Forbidden: no")]
    assert exporter.classify(ConnectionResetError()) == [Retry("ConnectionResetError")]
    assert "secret-of-mine" not in repr(FACTORY.config(**OPTIONS))


def test_a_view_that_lost_its_name_is_opened_anew(view, tmp_path):
    """It is a copy: what KV had is asked for again, and counts go on in the file that has the name."""
    view.add(frame(ids(3)))
    for file in tmp_path.glob("view.db*"):
        file.unlink()
    view.refresh()
    assert view.add(frame(ids(2, 3))) == 2
    assert (tmp_path / "view.db").exists()
    view.refresh()
    assert view.add(frame(ids(2, 3))) == 0


def test_a_damaged_view_stops_nothing(tmp_path):
    """It is set aside, and a new one begun."""
    (tmp_path / "view.db").write_bytes(b"no database" * 1000)
    one = View(tmp_path / "view.db", Shape("p/", recent=10, chunk=4, max_components=2))
    one.open()
    assert one.add(frame(ids(3))) == 3
    one.close()
    assert (tmp_path / "view.db.damaged").exists()


def test_a_view_that_could_not_be_opened_is_opened_by_the_next_use(tmp_path, monkeypatch):
    """The disk was full at the start."""
    view = View(tmp_path / "kv.db", Shape("p/", recent=10, chunk=4, max_components=2))
    with monkeypatch.context() as disk:
        disk.setattr(Path, "touch", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            view.open()
    view.close()
    view.refresh()
    assert view.add(frame(ids(3))) == 3
    view.close()


def test_what_components_made_is_shown_and_counted_nowhere(view):
    """An event stands among the newest records, marked; the hour knows only what was sent."""
    batch = marked(batch_of([Row(one, fields={"body": "x", "domain": "a.com"}) for one in ids(2)]), ["", "logboom.x"])
    view.add(viewed(batch, 4096))
    view.add(viewed(batch_of([Row(ids(1, 2)[0], fields={"body": "x", "domain": "b.com"})]), 4096))
    kept = published(view)
    [counts] = [one["levels"] for key, one in kept.items() if "counts" in key]
    assert counts == {"info": 1}
    [shown] = [one["records"] for key, one in kept.items() if "recent" in key]
    assert [one.get("generation") for one in shown] == [None, 1]
