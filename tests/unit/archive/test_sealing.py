"""What is sealed in an archive: no byte of it in the objects, the rest readable by anybody, all of it back with the keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from collector.archive.columns import table_of
from collector.archive.names import Cut, ObjectName
from collector.archive.reading import Archive
from collector.archive.records import batch_of as records_of
from collector.archive.restoring import Asked, restore
from collector.archive.retention import Retention
from collector.archive.sealing import ENCRYPTABLE, Opening, encrypted_of, sealed
from collector.archive.searching import Budget, search_archive
from collector.archive.staging import Staging
from collector.archive.upkeep import Joining, Upkeep
from collector.batch import LogBatch
from collector.columns.tables import ValueKind
from collector.encryption.key_ring import KeyRing
from collector.errors import KeyDestroyed, KeysUnavailable
from collector.query import Query
from collector.query.searching import Wanted
from collector.scope import Scope
from collector.testing.row_batch import Nested, Row, batch_of
from counterparts.keys import bytes_in, key_ring
from otlp_wire import any_from_python

HOUR, HOUR_NS = 472_222, 3_600_000_000_000
SINCE, UNTIL = HOUR * HOUR_NS, (HOUR + 1) * HOUR_NS
MARKER = "marker-4711"
MOST = ("body", "attributes", "resource", "scope_attributes")


def records(count: int = 40) -> LogBatch:
    """Of two domains; the marker in everything that can be sealed, in values of all kinds."""
    nested = Nested(any_from_python({"a": [1, MARKER]}))
    return batch_of([
        Row(
            f"01HF7YAT00P266K2R692K{number:05}",
            (("user.id", f"{MARKER}-{number % 3}"), ("i", number % 5), ("d", 0.5), ("b", True), ("raw", b"\x00"), ("n", nested), ("none", None)),
            (("host.name", MARKER), ("pid", 7)),
            ("scope", "1", (("scoped", MARKER),)),
            {
                "time_unix_nano": SINCE + number * 1000, "domain": ("tamyla.com", "other.example")[number % 2],
                "body": None if number % 4 else f"{MARKER} {number % 8}",
                "body_any": any_from_python({"k": MARKER}) if number % 4 == 1 else None,
            },
        )
        for number in range(count)
    ])  # fmt: skip


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyRing]:
    ring = key_ring(tmp_path)
    yield ring
    ring.close()


def rows_of(batch: LogBatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table_of(batch).to_pylist()
    return found


@pytest.mark.parametrize("columns", [MOST, ("attributes",), tuple(ENCRYPTABLE)], ids=["most", "one", "all"])
@pytest.mark.parametrize("count", [0, 1, 40])
def test_what_is_sealed_is_opened_again(keys: KeyRing, columns: tuple[str, ...], count: int) -> None:
    """Of several domains, in slices, values of all kinds."""
    batch = records(count)
    table = sealed(table_of(batch), columns, keys)
    assert encrypted_of(table) == columns
    opened = Opening(keys).opened(table)
    assert opened.to_pylist() == rows_of(batch)
    assert Opening(keys).opened(table.slice(count // 3)).to_pylist() == rows_of(batch)[count // 3 :]


def test_keys_of_maps_and_other_columns_stay(keys: KeyRing) -> None:
    table = sealed(table_of(records()), ("attributes",), keys)
    for was, is_ in zip(rows_of(records()), table.to_pylist(), strict=True):
        assert [key for key, _ in is_["attributes"]] == [key for key, _ in was["attributes"]]
        assert all(value is None or value.startswith("enc:1:") for _, value in is_["attributes"])
        assert {**is_, "attributes": 0} == {**was, "attributes": 0}


def test_a_value_is_sealed_once_for_each_domain(keys: KeyRing) -> None:
    """And says nothing in another domain, or another column."""
    table = sealed(table_of(records()), MOST, keys)
    by_domain = {domain: {dict(each["resource"])["host.name"] for each in table.to_pylist() if each["domain"] == domain}
                 for domain in ("tamyla.com", "other.example")}  # fmt: skip
    assert [len(each) for each in by_domain.values()] == [1, 1]
    assert by_domain["tamyla.com"] != by_domain["other.example"]
    moved = table.set_column(table.schema.get_field_index("domain"), table.schema.field("domain"),
                             table.column("domain").take([*range(1, 40), 0]))  # fmt: skip
    opening = Opening(keys)
    assert MARKER not in str(opening.opened(moved).to_pylist())
    assert any("stay encrypted" in sentence for sentence in opening.told())


def test_what_stays_sealed_is_text(keys: KeyRing) -> None:
    """Whatever it was: numbers, maps, a body that is one."""
    batch = records_of(sealed(table_of(records()), MOST, keys))
    own = batch.attributes
    assert set(own.get_column("kind")) == {int(ValueKind.STRING), int(ValueKind.EMPTY)}
    assert own.get_column("string").drop_nulls().str.starts_with("enc:1:").all()
    assert batch.column("body").drop_nulls().str.starts_with("enc:1:").all()
    assert not batch.column("body_any").drop_nulls().len()


def write(written: Any, keys: KeyRing, batch: LogBatch, budget: int = 1 << 20) -> list[str]:
    """As the exporter does."""
    written.cuts += 1
    staging = Staging(written.folder / f"staging-{written.cuts}", budget)
    for start in range(0, len(batch), 10):
        staging.add(sealed(table_of(batch.slice(start, 10)), MOST, keys))
        staging.spill()
    names = []
    for staged in staging.finish():
        name = str(ObjectName(staged.place, "ours", Cut(0, written.cuts, written.cuts), staged.footer.digest))
        written.archive.catalog.target.put(name, staged.path.read_bytes(), new=True)
        names.append(name)
    return names


def read(archive: Archive, domain: str, query: str = "") -> list[LogBatch]:
    found: list[LogBatch] = []

    def take(batch: LogBatch) -> int:
        found.append(batch)
        return len(batch)

    restore(archive, Asked(domain, SINCE, UNTIL, Query(query)), take)
    return found


def bodies(batches: list[LogBatch]) -> list[str]:
    return [text for batch in batches for text in batch.column("body").drop_nulls()]


def test_no_byte_of_it_is_in_files_and_the_rest_is_read_by_anybody(written: Any, keys: KeyRing) -> None:
    """Nor on the way: what is spilled, and what waits to be written, stays here for the look."""
    names = write(written, keys, records())
    assert MARKER.encode() not in bytes_in(written.folder)
    file = pq.ParquetFile(written.folder / "archive" / names[0])
    assert b"enc:1:" in file.read(["body"]).column("body").drop_null()[0].as_py().encode()
    assert file.metadata.metadata[b"logboom.encrypted"] == b'["body","attributes","resource","scope_attributes"]'
    table = file.read(["service_name", "attributes", "severity_number"])
    assert [key for key, _ in table.column("attributes")[0].as_py()] == ["user.id", "i", "d", "b", "raw", "n", "none"]
    assert all(written.archive.verify(listed) for listed in written.archive.catalog.objects("tamyla.com"))


def test_readers_open_it_with_keys_and_show_it_sealed_without(written: Any, keys: KeyRing) -> None:
    write(written, keys, records())
    assert all(text.startswith("enc:1:") for text in bodies(read(written.archive, "tamyla.com")))
    assert "no keys here" in " ".join(written.archive.opening.told())
    assert not read(written.archive, "tamyla.com", MARKER)
    open_ = replace(written.archive, opening=Opening(keys))
    (found,) = read(open_, "tamyla.com", f"@user.id:{MARKER}-1")
    assert [number % 3 for number in range(0, 40, 2)].count(1) == len(found)
    assert found.attributes.filter(key="i").get_column("int").len() == len(found)
    assert open_.opening.told() == []
    wanted = Wanted(Query(MARKER), Scope.of("other.example"), SINCE, UNTIL, 100)
    assert search_archive(written.archive, wanted, Budget()).found.rows == []
    rows = search_archive(open_, wanted, Budget()).found.rows
    assert len(rows) == len([n for n in range(1, 40, 2) if n % 4 == 1])
    assert MARKER in str(rows[0]["attributes"])


def test_of_a_domain_whose_keys_are_destroyed_nothing_is_read_and_others_are(written: Any, keys: KeyRing) -> None:
    write(written, keys, records())
    keys.destroy("tamyla.com")
    archive = replace(written.archive, opening=Opening(keys))
    gone = read(archive, "tamyla.com")
    assert sum(map(len, gone)) == 20
    assert all(text.startswith("enc:1:") for text in bodies(gone))
    assert "was destroyed" in " ".join(archive.opening.told())
    archive = replace(written.archive, opening=Opening(keys))
    (other,) = read(archive, "other.example")
    assert other.attributes.filter(key="user.id").get_column("string").str.starts_with(MARKER).all()
    assert archive.opening.told() == []
    with pytest.raises(KeyDestroyed):
        keys.open_text("tamyla.com", "archive.body", bodies(gone)[0])


def test_who_must_see_everything_is_told_that_keys_are_away(keys: KeyRing, tmp_path: Path) -> None:
    table = sealed(table_of(records()), MOST, keys)
    (tmp_path / "others").mkdir()
    others = key_ring(tmp_path / "others")
    for strict in (Opening(None, strict=True), Opening(others, strict=True)):
        with pytest.raises(KeysUnavailable):
            strict.opened(table)
    lenient = Opening(others)
    assert lenient.opened(table).to_pylist() == table.to_pylist()
    assert "put the file back" in lenient.told()[0]
    others.close()


def test_the_same_records_have_the_same_name(written: Any, keys: KeyRing) -> None:
    """Though each time other bytes stand for them."""
    first = Staging(written.folder / "a", 1 << 20), Staging(written.folder / "b", 1 << 20)
    for staging in first:
        staging.add(sealed(table_of(records()), MOST, keys))
    a, b = (staging.finish() for staging in first)
    assert [each.footer.digest for each in a] == [each.footer.digest for each in b]
    assert a[0].path.read_bytes() != b[0].path.read_bytes()


def test_small_objects_are_joined_sealed_with_those_that_are_alike(written: Any, keys: KeyRing) -> None:
    """Without keys; what was written before stays apart."""
    for number in range(2):
        write(written, keys, records().slice(number * 10, 10))
        written.add(records().slice(20 + number * 10, 10))
    for file in (written.folder / "archive").rglob("*.parquet"):
        os.utime(file, (HOUR * 3600, HOUR * 3600))
    upkeep = Upkeep(written.archive.catalog, "ours", Retention(), Joining(0, 2, 1 << 20), written.folder / "joining")
    assert upkeep.run((HOUR + 48) * 3600.0) == 8
    footers = [written.archive.catalog.footer(each) for each in written.archive.catalog.objects("tamyla.com")]
    assert sorted(footer.encrypted for footer in footers) == [(), MOST]
    assert [footer.records for footer in footers] == [10, 10]
    open_ = replace(written.archive, opening=Opening(keys))
    assert sum(map(len, read(open_, "tamyla.com", f"@host.name:{MARKER} OR @user.id:{MARKER}-*"))) == 20
