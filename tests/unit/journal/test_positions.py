"""How far receivers have read is kept with what they read; what the body of an entry is, stands in its header."""

from __future__ import annotations

import pytest

from collector.disk.environment import Environment
from collector.errors import Unavailable
from collector.journal.layout import (
    ENTRIES,
    ENTRY_VERSION,
    FORMAT_VERSION,
    HEADER_BYTES,
    KIND,
    MOST_RECORDS,
    EntryHeader,
    PayloadKind,
    entry_key,
    packed,
)
from collector.journal.positions import Position
from collector.journal.reader import JournalReader
from collector.service.ingest import WaitingIntake
from counterparts.bad_disk import flip

ALL = 1 << 40


def read(kit, source: bytes, position: bytes, **more):
    return kit.payload(**more)._replace(position=Position(source, position))


def test_positions_are_read_back(bench, kit):
    """The last one of each source, for each receiver, also by the next process; a source that is done with is forgotten."""
    journal = bench.open()
    for payload in (
        read(kit, b"a.log", b"10"),
        read(kit, b"b.log", b"7"),
        read(kit, b"a.log", b"20"),
        kit.payload(),
        read(kit, b"a.log", b"1", receiver="otlp/other"),
        read(kit, b"done.log", b"5"),
        read(kit, b"done.log", b""),
    ):
        assert bench.append(payload) is None
    for _ in range(2):
        assert journal.positions("otlp") == {b"a.log": b"20", b"b.log": b"7"}
        assert journal.positions("otlp/other") == {b"a.log": b"1"}
        assert journal.positions("never heard of") == {}
        bench.close()
        journal = bench.open()


def test_positions_of_other_sources_go_with_a_payload(bench, kit):
    """Whether it holds records or not; and text is told from OTLP."""
    journal = bench.open()
    besides = (Position(b"b", b"2"), Position(b"c", b"3"))
    assert bench.append(read(kit, b"a", b"1")._replace(besides=besides, kind=PayloadKind.TEXT)) is None
    assert bench.append(read(kit, b"d", b"4", records=0)._replace(besides=(Position(b"b", b""),))) is None
    assert journal.positions("otlp") == {b"a": b"1", b"c": b"3", b"d": b"4"}
    taken = JournalReader.open(bench.path).read({}, None, ["otlp"], ALL, ALL)
    assert [(entry.text, entry.made) for entry in taken] == [(True, 0), (False, 0)]


def test_a_position_of_one_group(bench, kit):
    """Payloads that become durable together: the later position stands."""
    journal = bench.open()
    assert bench.append(read(kit, b"a", b"1"), read(kit, b"a", b"2")) is None
    assert journal.positions("otlp") == {b"a": b"2"}


def test_what_is_refused_moves_nothing(bench, kit):
    """The journal is full: neither the payload nor its position is kept."""
    journal = bench.open(max_bytes=4 * kit.MIB, max_domain_share=1.0)
    assert bench.append(read(kit, b"a", b"1")) is None
    kit.fill(bench, [100_000])
    refusals = [bench.append(read(kit, b"a", b"2", body=200_000)) for _ in range(3)]
    assert [type(refusal) for refusal in refusals] == [Unavailable] * 3
    assert journal.positions("otlp") == {b"a": b"1"}


def test_a_position_outlives_its_entry(bench, kit):
    """Trimming takes the payload when nobody needs it any more; where to go on is still known."""
    journal = bench.open()
    assert bench.append(read(kit, b"a", b"1")) is None
    bench.low = {"a.example": 1}
    kit.eventually(lambda: not journal.statistics().entries, "all is trimmed")
    assert journal.positions("otlp") == {b"a": b"1"}


def test_a_damaged_position_is_forgotten(bench, kit, caplog):
    """Rather than skipping what was not read: the source is read from its beginning, and the log says so."""
    bench.open()
    assert bench.append(read(kit, b"a.log", b"position-of-a")) is None
    assert bench.append(read(kit, b"b.log", b"position-of-b")) is None
    bench.close()
    flip(bench.path / "data.mdb", b"position-of-a", 3)
    assert bench.open().positions("otlp") == {b"b.log": b"position-of-b"}
    assert "the position of a source is damaged" in caplog.text


@pytest.mark.parametrize("words", [(b"s" * 401, b""), (b"s", b"p" * 1025)], ids=["source", "position"])
def test_bounds(words):
    """They are small: what is read again at each start."""
    with pytest.raises(ValueError, match="at most"):
        Position(*words)


def test_the_longest(bench, kit):
    """Fit into the journal."""
    journal = bench.open()
    assert bench.append(read(kit, b"s" * 400, b"p" * 1024)) is None
    assert journal.positions("otlp") == {b"s" * 400: b"p" * 1024}


def test_before_the_journal_is_open():
    """There is no answer yet, which is not the same as none."""
    with pytest.raises(Unavailable):
        WaitingIntake().positions("otlp")


def test_the_kind_of_a_payload(bench, kit):
    """It is told in the header, beside the largest number of records; entries written before there were kinds are OTLP."""
    bench.open()
    assert bench.append(kit.payload(records=MOST_RECORDS)) is None
    bench.close()
    environment = Environment.open(bench.path, KIND, FORMAT_VERSION)
    table = environment.db(ENTRIES)
    with environment.read() as txn:
        chunk = txn.get(entry_key(0, 1), db=table)
    environment.close()
    header = EntryHeader.parse(chunk, 0, 1)
    assert (header.records, header.kind) == (MOST_RECORDS, PayloadKind.OTLP)
    assert header.content == MOST_RECORDS  # the same bytes as ever


def test_a_kind_of_a_later_version(bench, kit):
    """It is set aside as it is, with the records it holds; what stands beside it is read."""
    bench.open()
    sent = [
        kit.payload(body, records=number) for number, body in enumerate((b"first" * 9, b"other" * 9, b"third" * 9), 1)
    ]
    for payload in sent:
        assert bench.append(payload) is None
    environment = bench.journal._committer.environment
    table = environment.db(ENTRIES)
    with environment.write() as txn:
        header = EntryHeader.parse(txn.get(entry_key(0, 2), db=table), 0, 2)
        fields = list(header)
        fields[header._fields.index("content")] = 2 | 7 << 24
        assert (fields[0], header.size) == (ENTRY_VERSION, HEADER_BYTES)
        txn.put(entry_key(0, 2), packed(0, 2, *fields) + sent[1].body, db=table)
    reader = JournalReader.open(bench.path)
    found = reader.read({}, None, {"otlp"}, ALL, ALL)
    reader.close()
    assert [(entry.damaged, entry.records, entry.body) for entry in found] == [
        (number == 2, number, payload.body) for number, payload in enumerate(sent, 1)
    ]
