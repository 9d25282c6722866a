"""A data directory that an older version left, killed, with a backlog everywhere, opens, drains and adds up."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lmdb
import pytest
from xxhash import xxh3_128_digest

from collector.backend.data_dir import open_data_dir
from collector.encryption import Keys
from collector.journal import layout
from collector.journal.limits import JournalLimits
from collector.journal.writer import Journal
from collector.ledger import tables
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.reader import PartitionReader
from collector.outcomes import Outcome
from collector.pipeline.pipeline import Pipeline
from collector.testing.conservation import assert_directory_conserved
from counterparts.keys import key_ring
from counterparts.partition_bench import bodies_of, exported
from integration.upgrade.older_setup import PLAN, now_unix_ms, now_unix_nano, processors

PACKED = sorted(Path(__file__).parent.glob("*.tar.xz"))
REJECTED = {24, 25}  # dead letters of `sqlite`


@dataclass
class Older:
    """The directory, unpacked, and the account of what is in it."""

    root: Path
    records: int
    delivered: list[str]

    @property
    def partition(self) -> Path:
        return self.root / "partition" / "0"


@pytest.fixture(params=PACKED, ids=lambda path: path.name.partition(".")[0])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Older:
    with tarfile.open(request.param) as packed:
        packed.extractall(tmp_path / "data", filter="data")
    written = json.loads((tmp_path / "data" / "written.json").read_text())
    return Older(tmp_path / "data", written["records"], written["delivered"])


def opened(older: Older, keys: Keys | None = None, **options: int) -> PartitionLedger:
    directory = open_data_dir(older.root, 1)
    limits = JournalLimits(4 << 20)
    Journal.open(directory.journal(0), limits, dict, print, keys).close(30)  # as an ingest process would
    sources = JournalSources([directory.journal(0)], keys=keys)
    return PartitionLedger.open(
        directory.partition(0), PLAN, sources, 0, 1, now_unix_ms=now_unix_ms, keys=keys, **options
    )


@pytest.fixture
def ledger(older: Older) -> Iterator[PartitionLedger]:
    ledger = opened(older)
    yield ledger
    ledger.close()


def process(older: Older, ledger: PartitionLedger) -> None:
    """All that waits in the journal, by both pipelines."""
    for id_, own in (("logs", processors(older.root)), ("raw", [])):
        pipeline = Pipeline(
            id_, ledger, own, attempts_path=older.partition, passthrough=id_ == "raw", now_unix_nano=now_unix_nano
        )  # fmt: skip
        while pipeline.step() or pipeline.behind:
            pass
        pipeline.close()


def drain(ledger: PartitionLedger, exporter: str) -> list[str]:
    bodies = []
    while entries := ledger.deliverable(exporter, -1, 1 << 40):
        bodies += [body for entry in entries for body in bodies_of(entry)]
        ledger.ack(exporter, [exported(entry) for entry in entries])
    return bodies


def numbers(bodies: list[str]) -> list[int]:
    return sorted(int(body.rpartition(" ")[2]) for body in bodies)


def formats_of(packed: Path, folder: Path) -> set[tuple[str, int]]:
    """(kind, format) of the environments in a fixture."""
    with tarfile.open(packed) as opened:
        opened.extractall(folder, filter="data")
    found = set()
    for path in folder.glob("*/*/data.mdb"):
        with lmdb.open(str(path.parent), max_dbs=40, lib_version=0) as environment:
            meta = environment.open_db(b"meta", create=False)
            with environment.begin() as txn:
                found.add((txn.get(b"kind", db=meta).decode(), int(txn.get(b"format", db=meta))))
    return found


def test_each_format_that_is_read_has_a_fixture(tmp_path: Path) -> None:
    """A new format comes with a directory that the version before it wrote, and one of its own once it has landed."""
    kept = set().union(*(formats_of(path, tmp_path / path.name) for path in PACKED))
    read = {(layout.KIND, number) for number in range(layout.OLDEST_FORMAT, layout.FORMAT_VERSION + 1)}
    read |= {(tables.KIND, number) for number in range(tables.OLDEST_FORMAT, tables.FORMAT_VERSION)}
    assert read <= kept


def test_every_record_arrives_once(older: Older, ledger: PartitionLedger) -> None:
    process(older, ledger)
    everything = range(older.records)
    assert numbers(older.delivered + drain(ledger, "sqlite")) == [n for n in everything if n not in REJECTED]
    assert numbers(drain(ledger, "slow")) == list(everything)
    assert numbers(drain(ledger, "forward")) == list(everything)
    assert_directory_conserved(older.root, "logs", "raw")


@pytest.mark.parametrize("older", PACKED[:1], indirect=True, ids=lambda path: path.name.partition(".")[0])
def test_with_encryption_switched_on(older: Older, tmp_path: Path) -> None:
    """What waits in the clear is read beside what is encrypted from now on."""
    ledger = opened(older, key_ring(tmp_path / "keys"), cache_bytes=0)
    process(older, ledger)
    everything = range(older.records)
    assert numbers(older.delivered + drain(ledger, "sqlite")) == [n for n in everything if n not in REJECTED]
    assert numbers(drain(ledger, "slow")) == numbers(drain(ledger, "forward")) == list(everything)
    ledger.close()
    assert_directory_conserved(older.root, "logs", "raw")


def test_dead_letters_and_duplicates_are_what_they_were(older: Older, ledger: PartitionLedger) -> None:
    process(older, ledger)
    reader = PartitionReader.open(older.partition)
    letters = sorted(
        (letter.owner, letter.reason.partition(":")[0], letter.records) for letter in reader.dead_letters()
    )
    assert letters == [("exporter/sqlite", "no such index", 2), ("pipeline/logs", "undecodable", 1)]
    assert reader.counts()["a.example", "pipeline/logs", Outcome.DUPLICATE] == 10
    reader.close()


def test_a_rule_goes_on_counting(older: Older, ledger: PartitionLedger) -> None:
    process(older, ledger)
    kept = ledger.state("triage", "a.example").scan(b"count/logs/own/often/")
    counted = {key: json.loads(value) for key, value in kept}
    assert {key: sum(records for _, records in slots) for key, slots in counted.items()} == {
        b"count/logs/own/often/a.example": 7
    }


@pytest.mark.parametrize("older", [path for path in PACKED if path.name.startswith("fcedcb3")], indirect=True)
def test_what_was_remembered_of_a_domain_is_its_own_now(older: Older, ledger: PartitionLedger) -> None:
    for domain, endpoints in (("a.example", {"/record", "/failed", "/rejected"}), ("b.example", {"/record"})):
        kept = dict(ledger.state("categorize", domain))
        assert kept.pop(b"number/endpoint") == str(len(endpoints)).encode()
        assert kept.keys() == {b"value/endpoint/" + xxh3_128_digest(endpoint.encode()) for endpoint in endpoints}


def test_what_was_in_hand_is_suspected_and_cleared(older: Older, ledger: PartitionLedger) -> None:
    pipeline = Pipeline("logs", ledger, processors(older.root), attempts_path=older.partition)
    assert pipeline.behind, "the marker of a death was not understood"
    process(older, ledger)
    assert not Pipeline("logs", ledger, [], attempts_path=older.partition).behind
