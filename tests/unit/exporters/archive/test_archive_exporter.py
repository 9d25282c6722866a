"""The archive exporter itself: what it keeps, writes, says of answers, erases. Bad days are in tests/faults/test_archive.py."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.archive.reading import Archive, open_archive
from collector.archive.rewriting import rewritten
from collector.base32 import first_record_id
from collector.component import Context, Erasure, OutboxRun, Subject
from collector.errors import LogboomError
from collector.holds import Hold, Holds
from collector.object_storage import Busy, Refused, TargetError, Unconditional
from collector.outcomes import Blocked, Ok, Retry
from collector.testing.contract import misfits
from collector.testing.row_batch import Row, batch_of
from exporters.archive import FACTORY
from exporters.archive.exporter import ArchiveExporter
from exporters.archive.identity import Home

NOW_NS = 1_800_000_000_000_000_000
DOMAIN = "tamyla.com"


def row(number: int, **attributes: Any) -> Row:
    return Row(f"{first_record_id(1_700_000_000_000)}{number:05}", tuple(attributes.items()))


def run(folder: Path, steps: Callable[[ArchiveExporter], Awaitable[None]], **options: Any) -> Archive:
    """An exporter in its life; the archive that it leaves."""

    async def main() -> None:
        config = FACTORY.config.model_validate({"to": str(folder / "archive"), **options})
        exporter = FACTORY.create(config, Context("archive/x", folder / "data"))
        await exporter.start()
        try:
            await steps(exporter)
        finally:
            await exporter.shutdown()
            await exporter.shutdown()

    asyncio.run(main())
    return open_archive(str(folder / "archive"))


async def write(exporter: ArchiveExporter, first: int, *rows: Row) -> None:
    run = OutboxRun(0, first, first)
    await exporter.keep(0, first, exporter.encode(batch_of(rows)))
    await exporter.send(run)
    await exporter.run_ended(run)


def ids(archive: Archive) -> list[str]:
    return sorted(archive.scan(DOMAIN, 0, 1 << 62).select("record_id").collect().get_column("record_id"))


def test_it_keeps_the_contract() -> None:
    assert misfits(FACTORY) == []


def test_a_run_is_written_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async def steps(exporter: ArchiveExporter) -> None:
        await write(exporter, 1, row(1), row(2))
        await exporter.keep(0, 2, exporter.encode(batch_of([row(3)])))
        assert exporter.counters()["archive_objects"] == 1

    archive = run(tmp_path, steps)
    assert len(ids(archive)) == 2
    assert [path.name for path in (tmp_path / "data" / "archive" / "archive%2Fx").rglob("*.parquet")] == []


def test_what_a_predecessor_staged_is_thrown_away(tmp_path: Path) -> None:
    """It comes again from the outbox."""
    left = tmp_path / "data" / "archive" / "archive%2Fx" / "staging-0" / "7" / "spill-0"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")

    async def steps(exporter: ArchiveExporter) -> None:
        await write(exporter, 1, row(1))

    run(tmp_path, steps)
    assert not left.exists()


def test_of_several_runs_the_largest_goes_to_disk_first(tmp_path: Path) -> None:
    async def steps(exporter: ArchiveExporter) -> None:
        for first, count in ((1, 3000), (2, 10), (3, 3000)):
            for piece in range(2):
                numbers = range(first * 10_000 + piece * 5000, first * 10_000 + piece * 5000 + count)
                await exporter.keep(0, first, exporter.encode(batch_of([row(n) for n in numbers])))
        held = {key[1]: staging.held_bytes for key, staging in exporter._runs.items()}
        assert sum(held.values()) <= 2 << 20
        assert held[2] > 0
        for first in (1, 2, 3):
            await exporter.send(OutboxRun(0, first, first))

    assert len(ids(run(tmp_path, steps, memory="1MiB"))) == 12_020


def test_a_storage_without_conditional_writes_is_written_to_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Plain:
        def __init__(self, target: Any) -> None:
            self._target = target

        def __getattr__(self, name: str) -> Any:
            return getattr(self._target, name)

        def put(self, name: str, content: Any, *, new: bool = False) -> None:
            if new:
                raise Unconditional("If-None-Match: not implemented")
            self._target.put(name, content)

    opened = ArchiveExporter._opened
    monkeypatch.setattr(ArchiveExporter, "_opened", lambda self: Plain(opened(self)))

    async def steps(exporter: ArchiveExporter) -> None:
        await write(exporter, 1, row(1))
        await write(exporter, 1, row(1))

    assert len(ids(run(tmp_path, steps))) == 1


ANSWERS = {
    "written": (3, Ok()),
    "refused": (Refused("AccessDenied"), Blocked("AccessDenied")),
    "busy": (Busy("SlowDown"), Retry("SlowDown", throttled=True)),
    "away": (TargetError("connection"), Retry("connection")),
    "a full disk": (
        OSError(28, "No space left on device"),
        Retry("the files can't be written: No space left on device"),
    ),
    "a defect": (ValueError("secret"), Retry("ValueError")),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers(tmp_path: Path, case: str) -> None:
    answer, verdict = ANSWERS[case]
    exporter = FACTORY.create(FACTORY.config.model_validate({"to": "/nowhere"}), Context("archive", tmp_path))
    assert exporter.classify(answer) == [verdict]


def test_a_data_directory_has_one_name_and_one_who_looks_after_the_archive(tmp_path: Path) -> None:
    home, other = Home(tmp_path, "archive"), Home(tmp_path, "archive")
    assert home.identity() == other.identity()
    with home.turn() as mine, other.turn() as theirs:
        assert (mine, theirs) == (True, False)
    with other.turn() as theirs:
        assert theirs


def test_a_domain_whose_name_no_folder_can_have_holds_nobody_back(tmp_path: Path) -> None:
    """Its records are dead letters; an object storage takes them."""
    longest = ".".join(["b" * 60] * 4)[:243] + ".c"
    batch = batch_of([Row("1", fields={"domain": f"{longest}{'d' * 8}"})])
    for to, taken in ((str(tmp_path), False), (f"file://{tmp_path}", False), ("s3://bucket/x", True)):
        exporter = FACTORY.create(FACTORY.config.model_validate({"to": to}), Context("archive", tmp_path))
        assert exporter.encode(batch_of([Row("1", fields={"domain": longest})])).num_rows == 1
        if taken:
            assert exporter.encode(batch).num_rows == 1
        else:
            with pytest.raises(ValueError, match="too long"):
                exporter.encode(batch)


def test_target_size_leaves_room_in_the_queue() -> None:
    with pytest.raises(ValidationError, match="at most half"):
        FACTORY.config.model_validate({"to": "x", "target_size": "200MiB"})


@pytest.mark.parametrize(("hold", "left"), [(None, 0), (DOMAIN, 1), ("other.example", 0)])
def test_what_is_too_old_goes_unless_it_is_held(tmp_path: Path, hold: str | None, left: int) -> None:
    """An object that may have records of a level that is held stays."""
    holds = Holds((Hold(hold, "a lawsuit", frozenset({"debug"})),)) if hold else Holds()
    config = FACTORY.config.model_validate({"to": str(tmp_path / "archive"), "retention": {"default": "1h"}})
    exporter = FACTORY.create(config, Context("archive", tmp_path / "data", holds=holds))

    async def steps() -> None:
        await exporter.start()
        await write(exporter, 1, row(1))
        exporter._look_after(time.time() + 86_400)
        await exporter.shutdown()

    asyncio.run(steps())
    assert len(ids(open_archive(str(tmp_path / "archive")))) == left


ERASURE = Erasure("e", DOMAIN, Subject(("user.id",), "7"), NOW_NS)


def test_a_person_leaves_the_archive(tmp_path: Path) -> None:
    """An object at a time; what is not theirs stays, and what is found can be handed out."""

    async def steps(exporter: ArchiveExporter) -> None:
        await write(exporter, 1, row(1, **{"user.id": "7"}), row(2, **{"user.id": 8}))
        await write(exporter, 2, row(3, **{"user.id": 7}))
        await write(exporter, 3, row(4))
        found, after = [], ""
        while True:
            piece = await exporter.find_subject(ERASURE, after)
            found += piece.records
            if piece.after is None:
                break
            after = piece.after
        assert sorted(record["record_id"][-1] for record in found) == ["1", "3"]
        assert {record["attributes"]["user.id"] for record in found} == {"7", 7}
        assert await everything(exporter) == 2
        assert await everything(exporter) == 0

    archive = run(tmp_path, steps)
    assert [id_[-1] for id_ in ids(archive)] == ["2", "4"]
    assert all(archive.verify(listed) for listed in archive.catalog.objects(DOMAIN))


def test_a_person_leaves_what_was_joined_though_what_it_was_made_of_is_there_still(tmp_path: Path) -> None:
    """Who joined them died before they were deleted: what is left stands there once."""

    async def steps(exporter: ArchiveExporter) -> None:
        await write(exporter, 1, row(1, **{"user.id": "7"}), row(2))
        await write(exporter, 2, row(3))
        catalog = open_archive(str(tmp_path / "archive")).catalog
        old = {each.path: catalog.target.get(each.path) for each in catalog.all_of(DOMAIN)}
        rewritten(catalog, catalog.all_of(DOMAIN), exporter._data, tmp_path / "joining", 1 << 20)
        for name, content in old.items():
            catalog.target.put(name, content)
        assert await everything(exporter) == 1

    assert [id_[-1] for id_ in ids(run(tmp_path, steps))] == ["2", "3"]


async def everything(exporter: ArchiveExporter) -> int:
    erased, after = 0, ""
    while True:
        piece = await exporter.erase(ERASURE, after)
        erased += piece.records
        if piece.after is None:
            return erased
        after = piece.after


def test_what_waits_for_its_file_is_waited_for(tmp_path: Path) -> None:
    """A run that was begun before may hold their records: they are erased when it is written. Later runs hold none."""

    async def steps(exporter: ArchiveExporter) -> None:
        await exporter.keep(0, 1, exporter.encode(batch_of([row(1, **{"user.id": "7"})])))
        with pytest.raises(LogboomError, match="not written yet"):
            await exporter.erase(ERASURE, "")
        await exporter.keep(0, 2, exporter.encode(batch_of([row(2)])))
        await exporter.send(OutboxRun(0, 1, 1))
        await exporter.run_ended(OutboxRun(0, 1, 1))
        assert await everything(exporter) == 1

    assert ids(run(tmp_path, steps)) == []
