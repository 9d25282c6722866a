"""Option `encrypt` of the archive exporter: refused without keys, no plain byte on disk, a person is found in what is sealed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.archive.reading import open_archive
from collector.archive.records import batch_of as records_of
from collector.archive.sealing import Opening
from collector.base32 import first_record_id
from collector.component import Context, Erasure, OutboxRun, Subject
from collector.encryption.key_ring import KeyRing
from collector.errors import KeysUnavailable, LogboomError
from collector.testing.row_batch import Row, batch_of
from counterparts.keys import bytes_in, key_ring
from exporters.archive import FACTORY
from exporters.archive.exporter import ArchiveExporter

DOMAIN, OTHER = "tamyla.com", "other.example"
MARKER = "marker-4711"
ERASURE = Erasure("e", DOMAIN, Subject(("user.id",), "7"), 1_800_000_000_000_000_000)
ENCRYPT = ["body", "attributes", "resource"]
Steps = Callable[[ArchiveExporter], Awaitable[None]]


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyRing]:
    (tmp_path / "keys").mkdir()
    ring = key_ring(tmp_path / "keys")
    yield ring
    ring.close()


def made(folder: Path, keys: KeyRing | None, **options: Any) -> ArchiveExporter:
    config = FACTORY.config.model_validate({"to": str(folder / "archive"), **options})
    exporter: ArchiveExporter = FACTORY.create(config, Context("archive", folder / "data", keys=keys))
    return exporter


def run(folder: Path, keys: KeyRing | None, steps: Steps, **options: Any) -> None:
    async def main() -> None:
        exporter = made(folder, keys, **options)
        await exporter.start()
        try:
            await steps(exporter)
        finally:
            await exporter.shutdown()

    asyncio.run(main())


def row(number: int, own: Mapping[str, Any] = {}, domain: str = DOMAIN) -> Row:
    id_ = f"{first_record_id(1_700_000_000_000)}{number:05}"
    return Row(id_, tuple(own.items()), fields={"body": f"{MARKER} {number}", "domain": domain})


async def write(exporter: ArchiveExporter, first: int, *rows: Row) -> None:
    await exporter.keep(0, first, exporter.encode(batch_of(rows)))
    await exporter.send(OutboxRun(0, first, first))
    await exporter.run_ended(OutboxRun(0, first, first))


def bodies(folder: Path, domain: str, keys: KeyRing | None) -> list[str]:
    archive = replace(open_archive(str(folder / "archive")), opening=Opening(keys))
    tables = archive.tables(domain, 0, 1 << 62)
    return sorted(body for table in tables for body in records_of(table).column("body"))


def test_without_keys_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "off").mkdir()
    off = key_ring(tmp_path / "off", seals=False)
    for none in (None, off):
        with pytest.raises(
            LogboomError, match=r"archive: `encrypt` needs keys of domains: configure service.encryption"
        ):
            made(tmp_path, none, encrypt=["body"])
    off.close()
    with pytest.raises(ValidationError, match="encrypt"):
        made(tmp_path, None, encrypt=["record_id"])
    made(tmp_path, None)


def test_no_plain_byte_reaches_a_disk(tmp_path: Path, keys: KeyRing) -> None:
    """Neither what is staged nor what is written; of two domains one is read when the other's keys are gone."""

    async def steps(exporter: ArchiveExporter) -> None:
        rows = [row(n, {"who": f"{MARKER}-{n}"}, (DOMAIN, OTHER)[n % 2]) for n in range(4)]
        await exporter.keep(0, 1, exporter.encode(batch_of(rows)))
        exporter._runs[0, 1].spill()
        staged = bytes_in(tmp_path / "data")
        assert b"record_id" in staged
        assert MARKER.encode() not in staged
        await exporter.send(OutboxRun(0, 1, 1))
        assert MARKER.encode() not in bytes_in(tmp_path / "data", tmp_path / "archive")

    run(tmp_path, keys, steps, encrypt=ENCRYPT)
    assert bodies(tmp_path, DOMAIN, keys) == [f"{MARKER} 0", f"{MARKER} 2"]
    keys.destroy(DOMAIN)
    assert all(body.startswith("enc:1:") for body in bodies(tmp_path, DOMAIN, keys))
    assert bodies(tmp_path, OTHER, keys) == [f"{MARKER} 1", f"{MARKER} 3"]


def test_a_run_that_is_written_again_is_known(tmp_path: Path, keys: KeyRing) -> None:
    """Other bytes, the same name: whoever died before the acknowledgement makes no second object."""

    async def steps(exporter: ArchiveExporter) -> None:
        await write(exporter, 1, row(1), row(2))
        await write(exporter, 1, row(1), row(2))
        assert exporter.counters()["archive_objects"] == 1
        assert exporter.counters()["archive_known_objects"] == 1

    run(tmp_path, keys, steps, encrypt=ENCRYPT)
    assert len(bodies(tmp_path, DOMAIN, keys)) == 2


class Away:
    """Keys whose keeper does not answer."""

    seals = True

    def seal_text(self, domain: str, attribute: str, text: str) -> str:
        raise KeysUnavailable("the keeper is away")


def test_while_keys_are_away_it_is_given_again(tmp_path: Path) -> None:
    """Encoding does not fail, which would set records aside; keeping does, and nothing was taken."""

    async def steps(exporter: ArchiveExporter) -> None:
        table = exporter.encode(batch_of([row(1)]))
        with pytest.raises(KeysUnavailable):
            await exporter.keep(0, 1, table)
        assert not exporter._runs

    run(tmp_path, Away(), steps, encrypt=ENCRYPT)  # type: ignore[arg-type]


async def everything(exporter: ArchiveExporter) -> tuple[list[Any], int]:
    """What is found of the person, and how many were erased."""
    found: list[Any] = []
    after: str | None = ""
    while after is not None:
        piece = await exporter.find_subject(ERASURE, after)
        found, after = [*found, *piece.records], piece.after
    erased, after = 0, ""
    while after is not None:
        slice_ = await exporter.erase(ERASURE, after)
        erased, after = erased + slice_.records, slice_.after
    return found, erased


@pytest.mark.parametrize("still", [True, False], ids=["encrypts", "did once"])
def test_a_person_is_found_in_what_is_sealed(tmp_path: Path, keys: KeyRing, still: bool) -> None:
    """By the opened value, whatever it was; what stays is sealed still, and so says the footer."""

    async def first(exporter: ArchiveExporter) -> None:
        await write(exporter, 1, row(1, {"user.id": "7"}), row(2, {"user.id": 8}))
        await write(exporter, 2, row(3, {"user.id": 7}), row(4))

    async def then(exporter: ArchiveExporter) -> None:
        found, erased = await everything(exporter)
        assert {record["attributes"]["user.id"] for record in found} == {"7", 7}
        assert all(record["body"].startswith(MARKER) for record in found)
        assert erased == 2

    run(tmp_path, keys, first, encrypt=ENCRYPT)
    run(tmp_path, keys, then, **({"encrypt": ENCRYPT} if still else {}))
    assert bodies(tmp_path, DOMAIN, keys) == [f"{MARKER} 2", f"{MARKER} 4"]
    assert MARKER.encode() not in bytes_in(tmp_path / "archive", tmp_path / "data")
    catalog = open_archive(str(tmp_path / "archive")).catalog
    assert [catalog.footer(each).encrypted for each in catalog.objects(DOMAIN)] == [tuple(ENCRYPT)] * 2


def test_an_erasure_that_cannot_look_into_it_says_so(tmp_path: Path, keys: KeyRing) -> None:
    """And is not done; all of a domain needs no look."""

    async def first(exporter: ArchiveExporter) -> None:
        await write(exporter, 1, row(1, {"user.id": "7"}))

    async def then(exporter: ArchiveExporter) -> None:
        for asked in (exporter.erase, exporter.find_subject):
            with pytest.raises(KeysUnavailable, match="body, attributes, resource"):
                await asked(ERASURE, "")
        whole = replace(ERASURE, id="all", subject=None)
        told = await exporter.erase(whole, "")
        assert (told.records, await exporter.erase(whole, "")) == (1, told), "who dies before it is told tells the same"
        assert told.after is not None
        assert (await exporter.erase(whole, told.after)).records == 0

    run(tmp_path, keys, first, encrypt=ENCRYPT)
    run(tmp_path, None, then)
    assert bodies(tmp_path, DOMAIN, keys) == []
