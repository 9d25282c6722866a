"""Entries of text: from the bytes of a file to records."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from polars.testing import assert_frame_equal

from collector.batch import LogBatch, concat
from collector.journal.entry import Entry
from collector.journal.text import NotText, Text, records_in
from collector.ledger.codec import decode_entries, encode_entries
from collector.pipeline.decode import decode
from collector.testing.payloads import payload


def entry(text: Text | bytes, offset: int = 1, records: int = 1) -> Entry:
    body = text if isinstance(text, bytes) else text.body()
    return Entry("0" * 16, offset, "shop", "file_log", body, records, 1_700_000_000_000, b"", text=True)


def test_lines_are_records_without_white_space_and_without_blank_ones() -> None:
    text = Text(b"one\r\n\n \t\n  two\x00 \nthree", attributes={"log.file.name": "x", "n": 3}, read_unix_nano=7)
    batch = decode([entry(text, records=records_in(text.text))]).batch
    assert batch.column("body").to_list() == ["one", "two\x00", "three"]
    assert batch.attribute("log.file.name").to_list() == ["x"] * 3
    assert batch.attribute_text("n").to_list() == ["3"] * 3
    assert batch.column("observed_time_unix_nano").to_list() == [7] * 3
    assert batch.column("record_id").n_unique() == 3
    assert batch.column("domain").to_list() == ["shop"] * 3


@pytest.mark.parametrize(
    "text",
    [b"", b"\n", b"a", b"a\n", b"\n\na\n\n", b" a\nb", b"a\n \n\t\nb\n", b"\r\n\r\n", b"a\n\n\n\nb", b"a\n\n b\n \n"],
)
def test_they_are_counted_as_they_are_read(text: bytes) -> None:
    assert (
        records_in(text) == len(decode([entry(Text(text))]).batch) == len([x for x in text.split(b"\n") if x.strip()])
    )


@pytest.mark.parametrize(
    ("leading", "trailing", "found"),
    [(False, False, ["a"]), (True, False, ["  a"]), (False, True, ["a  "]), (True, True, ["  a  "])],
)
def test_white_space_stays_where_it_is_to_stay(leading: bool, trailing: bool, found: list[str]) -> None:
    text = Text(b"  a  \r\n   \n", keep_leading=leading, keep_trailing=trailing)
    other = Text(b" b ", resource={"service.name": "b"})
    assert decode([entry(text), entry(other, 2)]).batch.column("body").to_list() == [*found, "b"]


def test_bytes_that_are_no_utf8_are_replaced_and_told() -> None:
    text = Text(b"good\nb\xffd\ngood\n", offset=100, number=1)
    batch = decode([entry(text)]).batch
    assert batch.column("body").to_list() == ["good", "b\ufffdd", "good"]
    assert batch.attribute("logboom.repaired").to_list() == [None, "not_utf8", None]
    assert batch.attribute_text("log.file.record_offset").to_list() == ["100", "105", "109"]
    assert batch.attribute_text("log.file.record_number").to_list() == ["1", "2", "3"]


def test_ranges_are_records_whatever_stands_in_them() -> None:
    text = Text(b"one\ntwo\nX\nthree", ranges=[(0, 8), (10, 5)])
    touching = Text("äöü".encode(), ranges=[(0, 2), (2, 4)])
    batch = decode([entry(text), entry(touching, 2)]).batch
    assert batch.column("body").to_list() == ["one\ntwo", "three", "ä", "öü"]


def test_bodies_may_stay_bytes() -> None:
    batch = decode([entry(Text(b"\xff\n\x00\n", binary=True)), entry(Text(b"text\n"), 2)]).batch
    assert batch.column("body").to_list() == [None, None, "text"]
    assert batch.column("body_any").to_list() == [b"\x3a\x01\xff", b"\x3a\x01\x00", None]


def test_resources_that_are_the_same_are_one() -> None:
    texts = [Text(b"a\n", resource={"service.name": name}) for name in ("x", "y", "x")]
    batch = decode([entry(text, number) for number, text in enumerate(texts)]).batch
    assert batch.resource_attribute("service.name").to_list() == ["x", "y", "x"]
    assert batch.resources.height == 2


def test_among_requests_of_otlp_they_keep_their_order() -> None:
    otlp = Entry("0" * 16, 1, "shop", "otlp", payload(1, "otlp"), 1, 1_700_000_000_000, b"")
    batch = decode([otlp, entry(Text(b"a\nb\n"), 2), otlp._replace(offset=3)]).batch
    assert batch.column("body").to_list()[1:3] == ["a", "b"]
    assert batch.column("payload").to_list() == [0, 1, 1, 2]
    assert batch.payloads["receiver"].to_list() == ["otlp", "file_log", "otlp"]


LINES = b"".join(b"%d\n" % number for number in range(10))


@pytest.mark.parametrize(
    "text",
    [
        Text(LINES), Text(LINES[:-1]), Text(LINES.replace(b"3\n", b"3\xff\n")), Text(b"\n \n" + LINES.replace(b"5", b"5\n\t")),
        Text(LINES, [(2 * number, 1) for number in range(10)]), Text(LINES, binary=True),
    ],
    ids=["lines", "without an end", "no utf-8", "blank lines between", "ranges", "bytes"],
)  # fmt: skip
@pytest.mark.parametrize("cuts", [(3, 7), (0, 1), (9, 10)], ids=str)
def test_pieces_of_an_entry_are_its_records_under_their_ids(text: Text, cuts: tuple[int, int]) -> None:
    whole = entry(replace(text, number=5, offset=100), records=10)
    pieces = [whole.piece(start, end - start) for start, end in pairwise((0, *cuts, 10)) if end > start]
    batches = [decode([piece]).batch for piece in pieces]
    assert [len(batch) for batch in batches] == [piece.records for piece in pieces]
    assert_same(concat(batches), decode([whole]).batch)
    assert_same(decode([pieces[-1], pieces[0]]).batch, concat([batches[-1], batches[0]]))


def assert_same(batch: LogBatch, other: LogBatch) -> None:
    """But for the rows of other tables that they name."""
    places = ("payload", "resource", "scope")
    assert_frame_equal(batch.records.drop(places), other.records.drop(places))
    for key in ("log.file.record_number", "log.file.record_offset", "logboom.repaired"):
        assert batch.attribute_text(key).to_list() == other.attribute_text(key).to_list()


def test_what_is_no_text_is_a_dead_letter_and_stops_nothing() -> None:
    decoded = decode([entry(b"nonsense"), entry(Text(b"a\n"), 2)])
    assert decoded.batch.column("body").to_list() == ["a"]
    assert [letter.reason for letter in decoded.dead_letters] == ["undecodable: not a piece of text"]
    with pytest.raises(NotText):
        Text.of(b"\xff\xff\xff\xff")


def test_dead_letters_and_spilled_payloads_stay_text() -> None:
    kept = [entry(Text(b"a\n")), entry(Text(b"a\nb\n"), 2, 2).piece(1, 1)]
    assert decode_entries(encode_entries(kept)) == [each._replace(price=0) for each in kept]
