"""Behind values that do not fill their pages stands nothing of what was there before; the values are as they were."""

from __future__ import annotations

from pathlib import Path

import lmdb

from collector.disk.slack import clear_slack

SIZES = (1, 100, 2038, 2039, 2040, 2100, 3000, 4079, 4080, 4081, 9000, 20_000)


def test_all_that_is_behind_values_is_overwritten(tmp_path: Path) -> None:
    environment = lmdb.open(str(tmp_path), max_dbs=2, map_size=1 << 24)
    table = environment.open_db(b"table")
    for mark in (b"\xaa", b"\xbb", b"\xcc"):  # each time the pages of before are used again
        with environment.begin(write=True) as txn:
            for size in SIZES:
                txn.put(b"key %06d" % size, mark * size, db=table)
                txn.put(b"root %06d" % size, mark * size)
    (tmp_path / "copy").mkdir()
    environment.copy(str(tmp_path / "copy"), compact=True)
    environment.close()
    before = (tmp_path / "copy" / "data.mdb").read_bytes()

    cleared = clear_slack(tmp_path / "copy" / "data.mdb")

    assert cleared > 0
    after = (tmp_path / "copy" / "data.mdb").read_bytes()
    assert after.count(b"\xcc") == 2 * sum(SIZES)
    assert b"\xaa" * 8 not in after
    assert b"\xbb" * 8 not in after
    assert len(after) == len(before)
    again = lmdb.open(str(tmp_path / "copy"), max_dbs=2, readonly=True)
    table = again.open_db(b"table", create=False)
    with again.begin() as txn:
        assert {size: txn.get(b"key %06d" % size, db=table) for size in SIZES} == {
            size: b"\xcc" * size for size in SIZES
        }
        assert {size: txn.get(b"root %06d" % size) for size in SIZES} == {size: b"\xcc" * size for size in SIZES}
    again.close()
