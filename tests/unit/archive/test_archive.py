"""An archive in a folder: names, what is found by them, what is read, what is kept up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from collector.archive.columns import table_of
from collector.archive.names import Cut, ObjectName, Place
from collector.archive.records import batch_of as records_of
from collector.archive.retention import Kept, Retention, held_by
from collector.archive.rewriting import rewritten
from collector.archive.schema import SCHEMA
from collector.archive.staging import Staging
from collector.archive.upkeep import Joining, Upkeep
from collector.archive.writing import ROW_GROUP, ArchiveError, Digest
from collector.holds import Hold, Holds
from collector.object_storage import Exists, TargetError
from collector.testing.row_batch import batch_of

HOUR_NS = 3_600_000_000_000
HOUR = 472_222
DAY = 86_400.0
NOW = (HOUR + 48) * 3600.0
NAMES = {
    "a cut": ObjectName(Place("shop.example", HOUR), "a1", Cut(3, 17, 4711), "0123456789abcdef"),
    "of some levels": ObjectName(Place("shop.example", HOUR, ("critical", "warning")), "a1", Cut(0, 1, 1), "f" * 16),
    "made of others": ObjectName(Place("shop.example", HOUR), "a1", None, "0" * 16),
    "a domain with everything": ObjectName(Place("bücher/../=%.example", HOUR), "a1", Cut(0, 0, 0), "0" * 16),
    "no domain": ObjectName(Place("", HOUR), "a1", Cut(0, 0, 0), "0" * 16),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_say_what_is_within(case: str) -> None:
    name = NAMES[case]
    assert ObjectName.parse(str(name)) == name
    assert len(Path(str(name)).parts) == 4


def test_a_name() -> None:
    assert str(NAMES["a cut"]) == "domain=shop.example/date=2023-11-14/hour=22/a1-p3-17-4711-0123456789abcdef.parquet"
    assert ObjectName.parse("domain=shop.example/date=2023-11-14/hour=22/other.parquet") is None


def test_a_digest_is_of_a_set() -> None:
    """Whatever order and pieces it comes in; of other ids, of fewer or of more it is another."""
    ids = [f"01MCC5RM00SFXZK3YP88500{n:03}" for n in range(200)]

    def of(*pieces: list[str]) -> str:
        digest = Digest()
        for piece in pieces:
            digest.add(pa.chunked_array([piece], pa.large_string()))
        return digest.hexdigest()

    assert of(ids) == of(ids[100:], ids[:100]) == of(ids[::-1]) == "dc9d0729efb74586"
    assert len({of(ids), of(ids[1:]), of([*ids, "x"]), of([*ids[1:], ids[0] + " "]), of([]), of([""])}) == 6


def test_records_are_apart_by_domain_hour_and_class_of_levels(written: Any, row: Any) -> None:
    kept = Retention(Kept(levels={"critical": 9 * DAY, "warning": 9 * DAY}))
    names = written.write(
        row("1", severity_number=21), row("2"), row("3", HOUR + 1), row("4", domain="b.example"), row("5", severity_number=13), retention=kept
    )  # fmt: skip
    found = {each.split("/ours")[0]: each.rpartition("/")[2].count("-cw-") for each in sorted(names)}
    assert found == {
        "domain=b.example/date=2023-11-14/hour=22": 0,
        "domain=tamyla.com/date=2023-11-14/hour=22": 0,
        "domain=tamyla.com/date=2023-11-14/hour=23": 0,
    }
    assert len(names) == 4
    assert written.ids() == ["1", "2", "3", "5"]


def test_the_same_records_are_the_same_object(written: Any, row: Any) -> None:
    written.write(row("1"), row("2"))
    written.cuts = 0
    with pytest.raises(Exists):
        written.write(row("2"), row("1"))
    written.cuts = 0
    written.write(row("1"), row("3"))  # the numbers of a restored data directory, other records
    assert written.ids() == ["1", "2", "3"]


def test_what_spills_is_what_was_given(tmp_path: Path, row: Any) -> None:
    """Next to no memory, many domains: each record stands in the file of its place, each row group sorted by time."""
    staging = Staging(tmp_path / "s", 1)
    for piece in range(6):
        rows = [row(f"{piece}-{n}", HOUR + n % 2, 50 - n, domain=f"{n % 9}.example") for n in range(40)]
        staging.add(table_of(batch_of(rows)))
    staged = staging.finish()
    assert len(staged) == 18
    found = []
    for each in staged:
        table = pq.read_table(each.path)
        assert each.footer.records == table.num_rows
        assert set(table.column("domain").to_pylist()) == {each.place.domain}
        found += table.column("record_id").to_pylist()
    assert sorted(found) == sorted(f"{piece}-{n}" for piece in range(6) for n in range(40))
    file = pq.ParquetFile(staged[0].path)
    groups = [file.read_row_group(group) for group in range(file.num_row_groups)]
    assert all(records_of(group).column("time_unix_nano").is_sorted() for group in groups)
    staging.discard()
    assert not (tmp_path / "s").exists()


def test_a_full_disk_takes_nothing_away(tmp_path: Path, row: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spill that fails leaves what was held, and the piece is given again."""
    staging = Staging(tmp_path / "s", 1)
    staging.add(table_of(batch_of([row("1")])))
    (tmp_path / "s").write_text("in the way")
    with pytest.raises(OSError, match="exists"):
        staging.add(table_of(batch_of([row("2")])))
    (tmp_path / "s").unlink()
    staging.add(table_of(batch_of([row("2")])))
    assert [each.footer.records for each in staging.finish()] == [2]


def test_time_is_asked_for_in_nanoseconds(written: Any, row: Any) -> None:
    written.write(row("1", HOUR, 10), row("2", HOUR, 20), row("3", HOUR + 30))
    first = HOUR * HOUR_NS + 10_000_000_000
    archive = written.archive
    assert archive.scan("tamyla.com", first, first + 1).collect().get_column("record_id").to_list() == ["1"]
    assert archive.scan("tamyla.com", first + 1, first + 10**11).collect().get_column("record_id").to_list() == ["2"]
    assert archive.scan("nobody.example", 0, 1 << 62).collect().height == 0
    assert len(archive.objects("tamyla.com", first, first + 1)) == 1
    tables = list(archive.tables("tamyla.com", first, first + 200 * HOUR_NS))
    assert [records_of(table).column("record_id").to_list() for table in tables] == [["1", "2"], ["3"]]


def test_a_record_that_was_written_twice_is_read_once(written: Any, row: Any) -> None:
    written.write(row("1"), row("2"))
    written.write(row("2"), row("3"))
    assert written.ids() == ["1", "2", "3"]
    assert written.ids(once=False) == ["1", "2", "2", "3"]
    read = [
        id_
        for table in written.archive.tables("tamyla.com", 0, 1 << 62)
        for id_ in table.column("record_id").to_pylist()
    ]
    assert sorted(read) == ["1", "2", "3"]


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 0xFF
    path.write_bytes(content)


DAMAGES = {
    "a bit": damaged,
    "no end": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "empty": lambda path: path.write_bytes(b""),
    "another's": lambda path: pq.write_table(pa.table({"a": [1]}), path),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_what_was_written_is_told(written: Any, row: Any, damage: str) -> None:
    [name] = written.write(*(row(str(n)) for n in range(500)))
    [listed] = written.archive.catalog.objects("tamyla.com")
    assert written.archive.verify(listed).records == 500
    DAMAGES[damage](written.folder / "archive" / name)
    [listed] = written.archive.catalog.all_of("tamyla.com")
    with pytest.raises(ArchiveError):
        written.archive.verify(listed)


def test_an_object_under_another_name_is_told(written: Any, row: Any) -> None:
    [name] = written.write(row("1"))
    other = name.replace("hour=22", "hour=21")
    written.archive.catalog.target.put(other, (written.folder / "archive" / name).read_bytes())
    moved = next(each for each in written.archive.catalog.objects("tamyla.com") if each.path == other)
    with pytest.raises(ArchiveError, match="than its name says"):
        written.archive.verify(moved)


def upkeep(written: Any, **options: Any) -> Upkeep:
    given = {"retention": Retention(), "joining": Joining(3600.0, 3, 1 << 20), **options}
    return Upkeep(written.archive.catalog, "ours", folder=written.folder / "joining", **given)


def aged(written: Any, secs: float = NOW - 20 * 3600) -> None:
    for path in (written.folder / "archive").rglob("*.parquet"):
        os.utime(path, (secs, secs))


def test_small_objects_become_one(written: Any, row: Any) -> None:
    """Each record once, however often it was written; of this data directory alone, and not before they are old enough."""
    for n in range(5):
        written.write(row(str(n)), row("each"))
    written.write(row("theirs"), data="others")
    aged(written)
    assert upkeep(written).run((HOUR + 1) * 3600.0 + 10) == 0
    assert upkeep(written).run(NOW) == 5
    listed = written.archive.catalog.objects("tamyla.com")
    assert sorted(each.name.cut is None for each in listed) == [False, True]
    assert written.ids(once=False) == ["0", "1", "2", "3", "4", "each", "theirs"]
    assert [written.archive.verify(each).records for each in listed if each.name.cut is None] == [6]
    aged(written)
    assert upkeep(written).run(NOW) == 0


def test_who_dies_between_the_new_object_and_the_deletion_leaves_each_record_once(
    written: Any, row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        written.write(row(str(n)))
    aged(written)
    target = written.archive.catalog.target

    def dies(names: Any) -> None:
        if names:
            raise TargetError("it died")

    monkeypatch.setattr(target, "delete", dies)
    with pytest.raises(TargetError):
        upkeep(written).run(NOW)
    assert len(written.archive.catalog.all_of("tamyla.com")) == 5
    assert written.ids(once=False) == ["0", "1", "2", "3"]
    monkeypatch.undo()
    assert upkeep(written).run(NOW) == 4
    assert len(written.archive.catalog.all_of("tamyla.com")) == 1
    assert written.ids(once=False) == ["0", "1", "2", "3"]


def test_one_that_is_damaged_stops_neither_retention_nor_the_joining_of_other_hours(written: Any, row: Any) -> None:
    """Nor the reading of what is whole."""
    for n in range(3):
        written.write(row(str(n)))
        written.write(row(f"later {n}", hour=HOUR + 1))
    written.write(row("old", domain="z.example", hour=HOUR - 800))
    aged(written)
    first = min(each.path for each in written.archive.catalog.all_of("tamyla.com"))
    DAMAGES["no end"](written.folder / "archive" / first)
    aged(written)
    retention = Retention(Kept(), {"z.example": Kept(3600.0)})
    assert upkeep(written, retention=retention).run(NOW) == 1 + 3
    assert written.archive.catalog.all_of("z.example") == []
    hours = [each.name.place.hour for each in written.archive.catalog.objects("tamyla.com")]
    assert hours == [HOUR, HOUR, HOUR, HOUR + 1]
    [joined] = [each.path for each in written.archive.catalog.objects("tamyla.com", HOUR + 1)]
    DAMAGES["no end"](written.folder / "archive" / joined)
    written.write(row("whole", hour=HOUR + 1))
    assert len(written.archive.catalog.objects("tamyla.com", HOUR + 1)) == 2


def test_what_replaces_each_other_is_not_both_left_out(written: Any, row: Any) -> None:
    """What is left of a joined object may have the name of one that it was made of, and die before that is deleted."""
    catalog, folder = written.archive.catalog, written.folder / "joining"
    written.write(row("1"))
    written.write(row("2"))
    before, _ = rewritten(catalog, catalog.objects("tamyla.com"), "ours", folder, 1 << 20)
    written.write(row("3"))
    joined, _ = rewritten(catalog, catalog.objects("tamyla.com"), "ours", folder, 1 << 20)
    content = catalog.target.get(joined)
    aged(written)
    left, gone = rewritten(
        catalog,
        catalog.objects("tamyla.com"),
        "ours",
        folder,
        1 << 20,
        lambda table: pc.not_equal(table["record_id"], "3"),
    )
    assert (left, gone) == (before, 1)
    catalog.target.put(joined, content)
    os.utime(written.folder / "archive" / joined, (NOW - 20 * 3600, NOW - 20 * 3600))
    assert written.ids(once=False) == ["1", "2"]
    assert upkeep(written).run(NOW) == 1
    assert written.ids(once=False) == ["1", "2"]


def test_a_piece_that_says_it_has_billions_of_records_is_not_read(written: Any, row: Any) -> None:
    [name] = written.write(row("1"))
    path = written.folder / "archive" / name
    file = pq.ParquetFile(path)
    many = file.read().take([0] * (ROW_GROUP + 1))
    pq.write_table(many.replace_schema_metadata(file.metadata.metadata), path, row_group_size=1 << 20)
    [listed] = written.archive.catalog.all_of("tamyla.com")
    with pytest.raises(ArchiveError, match="more records in a piece"):
        written.archive.verify(listed)


def test_no_records_are_in_no_place(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "staging", 1 << 20)
    staging.add(SCHEMA.empty_table())
    assert staging.finish() == []


def test_some_records_are_left_out_of_what_is_written_anew(written: Any, row: Any) -> None:
    """What erasing does: the rest is there, under another name; where nothing is left, no object is."""
    written.write(row("1"), row("2"), row("3"))
    catalog = written.archive.catalog
    folder = written.folder / "erasing"

    def keep(*ids: str) -> Any:
        return lambda table: pa.array([id_ in ids for id_ in table.column("record_id").to_pylist()])

    name, gone = rewritten(catalog, catalog.objects("tamyla.com"), "ours", folder, 1 << 20, keep("1", "3"))
    assert (gone, [each.path for each in catalog.all_of("tamyla.com")]) == (1, [name])
    assert written.ids() == ["1", "3"]
    assert rewritten(catalog, catalog.objects("tamyla.com"), "ours", folder, 1 << 20, keep()) == ("", 2)
    assert catalog.all_of("tamyla.com") == []


RETAINED = {
    "for ever": (Retention(), ["1", "2", "3", "4"]),
    "a day": (Retention(Kept(DAY)), ["3"]),
    "a level longer": (Retention(Kept(DAY, {"critical": 0.0})), ["2", "3"]),
    "another domain": (Retention(Kept(), {"b.example": Kept(DAY)}), ["1", "2", "3"]),
    "held": (Retention(Kept(DAY), held=held_by(Holds((Hold("b.example", "r"),)).why)), ["3", "4"]),
    "a level is held": (
        Retention(Kept(DAY), held=held_by(Holds((Hold("tamyla.com", "r", frozenset({"debug"})),)).why)),
        ["1", "2", "3"],
    ),
}


@pytest.mark.parametrize("case", RETAINED)
def test_what_is_too_old_goes(written: Any, row: Any, case: str) -> None:
    """By its hour and by when it was written: a wrong clock of a sender loses nothing that just came."""
    retention, left = RETAINED[case]
    written.write(row("1"), row("2", severity_number=21), row("4", domain="b.example"), retention=retention)
    aged(written)
    written.write(row("3"), retention=retention)
    for path in (written.folder / "archive").rglob("*p0-2*"):
        os.utime(path, (NOW - 60, NOW - 60))
    later = NOW + DAY / 2
    upkeep(written, retention=retention, joining=None).run(later)
    assert sorted([*written.ids(), *written.ids("b.example")]) == left
