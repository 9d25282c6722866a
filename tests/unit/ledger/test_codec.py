"""Batches and entries in bytes come back as they were."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from collector.batch import LogBatch, concat
from collector.errors import StorageError
from collector.journal.entry import Entry
from collector.ledger.codec import EMPTY, decode_batch, decode_entries, encode_batch, encode_entries
from collector.testing.text_batch import text_batch

PLAIN = text_batch(["one", "", "ünïcödé"], domain=["a", "b", "a"])
DERIVED = PLAIN.with_attributes({"level": pl.Series(["x", None, "z"]), "n": pl.Series([1, None, 3])})
CASES = {
    "no records": LogBatch.empty(),
    "plain": PLAIN,
    "derived attributes": DERIVED,
    "filtered": DERIVED.filter(pl.Series([True, False, True])),
    "nothing left": DERIVED.filter(pl.Series([False, False, False])),
    "joined": concat([DERIVED, PLAIN]),
}


@pytest.mark.parametrize("batch", CASES.values(), ids=CASES)
def test_every_table_of_a_batch_comes_back(batch: LogBatch) -> None:
    again = decode_batch(encode_batch(batch))
    for table in EMPTY:
        expected = getattr(batch, table)
        if expected.height:
            assert_frame_equal(getattr(again, table), expected, check_exact=True)
        else:
            assert getattr(again, table).height == 0
    assert again.by_domain() == batch.by_domain()


def test_a_filtered_batch_does_not_carry_what_it_left_out() -> None:
    wide = text_batch([f"{number} " + "x" * 1000 for number in range(5000)])
    kept = wide.filter(pl.Series([number < 10 for number in range(5000)]))
    assert len(encode_batch(kept)) < 20_000


@pytest.mark.parametrize("data", [b"", b"ARROW1", b"LB1", b"LB1\xff\xff\xff\x7fxxxx", b"LB1\x04\x00\x00\x00junk"])
def test_foreign_bytes_are_a_storage_error(data: bytes) -> None:
    with pytest.raises(StorageError):
        decode_batch(data)


@pytest.mark.parametrize("bodies", [[], [b""], [b"one", b"", b"\x00" * 10_000]])
def test_entries_come_back(bodies: list[bytes]) -> None:
    entries = [Entry("0" * 16, n, "a.example", "otlp/x", body, n, 5, bytes(16)) for n, body in enumerate(bodies)]
    assert decode_entries(encode_entries(entries)) == entries
