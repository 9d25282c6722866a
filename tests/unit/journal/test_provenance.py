"""Records that were read from a log of somebody else have the same ids, however they are cut, and what is read twice is processed once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.journal.entry import Entry
from collector.journal.provenance import Provenance, provenance_of
from collector.pipeline.decode import decode
from collector.testing.payloads import payload

NOW = 1_700_000_000_000
SOURCE = "0123456789abcdef"
Messages = Sequence[tuple[int, int, int]]
"""(offset, records, ms since the epoch)."""


@st.composite
def messages(draw: st.DrawFn) -> Messages:
    """With gaps, without records, of the same millisecond or later ones."""
    offset, unix_ms, found = draw(st.sampled_from([0, 250, 1 << 40])), NOW, []
    for _ in range(draw(st.integers(1, 12))):
        unix_ms += draw(st.sampled_from([0, 0, -1, 3]))
        found.append((offset, draw(st.sampled_from([0, 1, 1, 2, 5])), unix_ms))
        offset += draw(st.sampled_from([1, 1, 1, 2, 300]))
    return found


@given(messages())
def test_its_text_says_all(told: Messages) -> None:
    provenance = Provenance.of(SOURCE, told)
    assert provenance_of(provenance.text()) == provenance
    assert provenance.records == sum(records for _, records, _ in told)
    for number, (offset, _, _) in enumerate(told):
        before = sum(records for _, records, _ in told[:number])
        assert provenance.rows_before(offset) == before
        assert provenance.behind(before) >= offset or any(records for _, records, _ in told[:number])
    assert provenance.behind(provenance.records) == told[-1][0] + 1


def entry(told: Messages, **facts: object) -> Entry:
    records = sum(each for _, each, _ in told)
    given = {"received_unix_ms": NOW + 50, "domain": "a.example", **facts}
    return Entry(
        "0" * 16, 1, given.pop("domain"), "kafka", payload(records), records, given.pop("received_unix_ms"), bytes(16),
        provenance=Provenance.of(SOURCE, told).text(), **given,
    )  # fmt: skip


def ids(*entries: Entry) -> list[str]:
    return decode(entries).batch.column("record_id").to_list()


@given(messages(), st.integers(0, 12), st.integers(0, 40))
def test_ids_are_the_same_however_messages_are_cut(told: Messages, cut: int, row: int) -> None:
    """By another reader, into other entries, of another journal, later; and in pieces."""
    whole = entry(told)
    parts = [part for part in (told[:cut], told[cut:]) if any(records for _, records, _ in part)]
    others = [
        entry(part, received_unix_ms=NOW + 9000)._replace(journal="f" * 16, offset=9 + at)
        for at, part in enumerate(parts)
    ]
    expected = ids(whole) if whole.records else []
    assert ids(*others) == expected if parts else not expected
    assert len(set(expected)) == whole.records
    if 0 < row < whole.records:
        assert ids(whole.piece(0, row)) + ids(whole.piece(row, whole.records - row)) == expected


def test_ids_among_entries_of_senders() -> None:
    plain = Entry("0" * 16, 7, "a.example", "otlp", payload(2), 2, NOW, bytes(16))
    told = entry([(5, 3, NOW)])
    assert ids(plain, told, plain._replace(offset=8)) == ids(plain) + ids(told) + ids(plain._replace(offset=8))


@pytest.mark.parametrize("other", [{"domain": "b.example"}, {"provenance": "fedcba9876543210;5.1.3.1700000000000"}])
def test_another_domain_or_source_has_other_ids(other: dict[str, str]) -> None:
    told = entry([(5, 3, NOW)])
    assert not set(ids(told)) & set(ids(told._replace(**other)))


@pytest.mark.parametrize("unix_ms", [0, NOW + 60_000, NOW - 90_000_000])
def test_a_time_that_makes_no_sense_is_the_one_of_receipt(unix_ms: int) -> None:
    """Stores keep records by the time in their ids: nobody's clock may make them expire at once, or never."""
    assert ids(entry([(5, 1, unix_ms)]))[0][:10] == ids(entry([(5, 1, NOW + 50)]))[0][:10]


def test_messages_of_neighbouring_blocks_are_apart() -> None:
    """A row has room for the place of a message within 256."""
    told = [(offset, 1, NOW) for offset in range(0, 2048, 64)]
    assert len(set(ids(entry(told)))) == len(told)


def test_a_message_of_many_records_has_room() -> None:
    """More than a row tells of one message."""
    assert len(set(ids(entry([(5, 140_000, NOW), (6, 1, NOW)])))) == 140_001


def test_what_does_not_fit_the_payload_tells_nothing() -> None:
    """Records of it were left out, say."""
    told = entry([(5, 3, NOW)])
    shorter = told._replace(provenance=Provenance.of(SOURCE, [(5, 1, NOW)]).text())
    assert ids(shorter) == ids(told._replace(provenance="", journal=told.journal))
