"""An entry whose bytes on disk are not those that were accepted is noticed, and nothing beside it is touched."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence

import pytest

from collector.disk.environment import Environment
from collector.errors import Damaged, StorageError
from collector.journal import book, layout, writer
from collector.journal.entry import Entry, Payload
from collector.journal.layout import HEADER_1, HEADER_BYTES, KIND, EntryHeader, entry_key
from collector.journal.reader import JournalReader
from counterparts.bad_disk import change, flip, places

ALL = 1 << 40
SIZES = {"in a leaf": 200, "a page": 3000, "chunks": 20_000}
PLACES = [0.0, 0.01, 0.19, 0.2, 0.21, 0.5, 0.77, 1.0]


@pytest.fixture
def reader(bench):
    reader = JournalReader.open(bench.path)
    yield reader
    reader.close()


@pytest.fixture
def fill(bench, kit):
    """Opens the journal with payloads of the given sizes in one domain, and one of another domain among them."""

    def fill(*sizes: int) -> list[Payload]:
        bench.open()
        sent = [kit.payload(size, records=number) for number, size in enumerate(sizes, 1)]
        for payload in sent:
            assert bench.append(payload) is None
        assert bench.append(kit.payload(300, "b.example", records=100)) is None
        return sent

    return fill


def read(reader: JournalReader) -> dict[str, Sequence[Entry]]:
    taken = reader.read({}, None, {"otlp"}, ALL, ALL)
    return {domain: [entry for entry in taken if entry.domain == domain] for domain in ("a.example", "b.example")}


def flip_in_body(bench, payload: Payload, position: int) -> None:
    """Of a body, wherever it stands: what is known of it lies within one chunk."""
    known = payload.body[position : position + 24] if position < len(payload.body) - 24 else payload.body[-24:]
    flip(bench.path / "data.mdb", known, min(position, len(payload.body) - 1) - payload.body.index(known))


def headers(bench, payload: Payload, offset: int, size: int = HEADER_BYTES) -> list[int]:
    """Where the header before a body of the first domain begins. (A page that is used again keeps what nobody wrote over.)"""
    data, known = bench.path / "data.mdb", payload.body[:24]
    first = layout.CHUNK_BYTES - size

    def really(held: mmap.mmap, place: int) -> bool:
        return EntryHeader.parse(held[place - size : place + min(len(payload.body), first)], 0, offset) is not None

    return [place - size for place in places(data, known, really)]


def assert_account_is_whole_once_trimmed(bench, kit, reader: JournalReader) -> None:
    heads = reader.heads()
    bench.low |= {domain: head.last_offset for domain, head in heads.items()}
    kit.eventually(lambda: not bench.journal.statistics().entries, "all is trimmed")
    statistics = bench.journal.statistics()
    assert (statistics.records, statistics.payload_bytes, statistics.commit_errors) == (0, 0, 0)
    assert [tally.space_bytes for tally in bench.journal._committer.book.tallies.values()] == [0, 0]
    assert not bench.fatal


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("place", PLACES)
def test_a_bit_of_a_body(bench, kit, reader, fill, size: int, place: float) -> None:
    sent = fill(size, size, size)
    flip_in_body(bench, sent[1], min(size - 1, int(size * place)))
    found = read(reader)
    assert [entry.damaged for entry in found["a.example"]] == [False, True, False]
    assert [entry.records for entry in found["a.example"]] == [1, 2, 3]
    assert [entry.body for entry in found["a.example"][::2]] == [sent[0].body, sent[2].body]
    assert [entry.damaged for entry in found["b.example"]] == [False]
    assert_account_is_whole_once_trimmed(bench, kit, reader)


@pytest.mark.parametrize("victim", [0, 1, 2])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_bit_of_a_header(bench, kit, reader, fill, size: int, victim: int) -> None:
    """Any of them: how many records there were is known from those around, and the body is there."""
    sent = fill(size, size, size)
    found_at = headers(bench, sent[victim], victim + 1)
    for at in range(HEADER_BYTES):
        change(bench.path / "data.mdb", found_at, at)
        found = read(reader)["a.example"]
        assert [entry.damaged for entry in found] == [number == victim for number in range(3)]
        assert [entry.records for entry in found] == [1, 2, 3]
        assert [entry.body for entry in found] == [payload.body for payload in sent]
        assert (reader.pending({}).records, reader.size().entries) == (106, 4)
        if at < HEADER_BYTES - 1:
            change(bench.path / "data.mdb", found_at, at)
    assert_account_is_whole_once_trimmed(bench, kit, reader)


@pytest.mark.parametrize("victims", [{0, 1}, {1, 2}, {0, 1, 2}, {0, 2}])
def test_headers_in_a_row(bench, kit, reader, fill, victims: set[int]) -> None:
    """The first of a row is taken for all of them; what is behind them goes on."""
    sent = fill(300, 300, 300)
    for victim in victims:
        change(bench.path / "data.mdb", headers(bench, sent[victim], victim + 1), 0)
    found = read(reader)["a.example"]
    assert [entry.damaged for entry in found] == [number in victims for number in range(3)]
    assert sum(entry.records for entry in found) == 6
    assert bench.append(kit.payload(300, records=7)) is None
    assert [entry.records for entry in read(reader)["a.example"]][3:] == [7]
    assert_account_is_whole_once_trimmed(bench, kit, reader)


def test_a_page_that_comes_back_in_the_place_of_another(bench, kit, reader, fill) -> None:
    """Whole in itself, and not what stood there."""
    sent = fill(3000, 3000, 3000)
    first = sent[0].body[:24]
    data = bench.path / "data.mdb"
    page = bytearray(data.read_bytes())
    for place in headers(bench, sent[1], 2):
        other = page.find(first) - HEADER_BYTES
        page[place : place + 3000 + HEADER_BYTES] = page[other : other + 3000 + HEADER_BYTES]
    with data.open("r+b") as stream:
        stream.write(page)
    found = read(reader)["a.example"]
    assert [(entry.damaged, entry.records) for entry in found] == [(False, 1), (True, 2), (False, 3)]
    assert_account_is_whole_once_trimmed(bench, kit, reader)


@pytest.mark.parametrize("name", [b"meta", *(table.encode() for table in layout.TABLES)])
def test_a_table_that_has_lost_its_name(bench, kit, fill, name: bytes) -> None:
    """Nobody takes the journal for a new one."""
    fill(3000)
    bench.close()
    flip(bench.path / "data.mdb", name, 0)
    for _ in range(2):
        with pytest.raises(Damaged, match="move the directory aside"):
            bench.open()
    with pytest.raises(Damaged, match="move the directory aside"):
        JournalReader.open(bench.path).heads()


def test_a_key(bench, kit, reader, fill) -> None:
    """Entries that are not where they were stop their domain with a sentence, once nothing else is left to read."""
    fill(3000, 3000, 3000)
    flip(bench.path / "data.mdb", entry_key(0, 2)[:12], 6)
    first = reader.read({}, None, {"otlp"}, ALL, ALL)
    assert [entry.domain for entry in first] == ["a.example", "b.example"]
    with pytest.raises(Damaged, match=r"entries of a\.example behind 1 are not where they were") as caught:
        reader.read(first.through, None, {"otlp"}, ALL, ALL)
    assert f"mv {bench.path} {bench.path}.damaged" in str(caught.value)
    assert bench.append(kit.payload(300, "b.example")) is None
    assert [entry.domain for entry in reader.read(first.through, None, {"otlp"}, ALL, ALL)] == ["b.example"]


def test_a_row_that_makes_no_sense_is_told_in_a_sentence(bench, kit) -> None:
    bench.open()
    bench.append(kit.payload(300))
    bench.close()
    environment = Environment.create(bench.path, 1 << 24, KIND, layout.FORMAT_VERSION)
    tallies = environment.db(layout.TALLIES)
    with environment.write() as txn:
        txn.put(layout.DOMAIN_KEY.pack(0), b"short", db=tallies)
    environment.close()
    with pytest.raises(StorageError, match=r"a row makes no sense.* move the directory aside"):
        bench.open()


def of_version_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write what an older logboom wrote."""
    monkeypatch.setattr(book, "packed", lambda domain, offset, _, *header: HEADER_1.pack(1, *header[:9]))
    monkeypatch.setattr(book, "FIRST_BYTES", layout.CHUNK_BYTES - HEADER_1.size)
    monkeypatch.setattr(book, "HEADER_BYTES", HEADER_1.size)
    monkeypatch.setattr(writer, "FORMAT_VERSION", 1)


@pytest.fixture
def older(bench, kit, monkeypatch: pytest.MonkeyPatch) -> list[Payload]:
    """A journal of format 1, closed."""
    sent = [kit.payload(size, records=3) for size in (0, 100, 4019, 4020, 4021, 20_000)]
    with monkeypatch.context() as patched:
        of_version_1(patched)
        bench.open()
        for payload in sent:
            assert bench.append(payload) is None
        bench.close()
    return sent


def test_entries_of_version_1_are_read_and_trimmed(bench, kit, reader, older: list[Payload]) -> None:
    def expect(sent: list[Payload]) -> None:
        found = read(reader)["a.example"]
        assert [(entry.body, entry.digest, entry.records) for entry in found] == [
            (payload.body, payload.digest, payload.records) for payload in sent
        ]
        assert not any(entry.damaged for entry in found)

    expect(older)
    bench.open()
    older.append(kit.payload(9000, records=5))
    assert bench.append(older[-1], kit.payload(1, "b.example")) is None
    expect(older)
    assert_account_is_whole_once_trimmed(bench, kit, reader)


def test_lengths_of_version_1_that_make_no_sense_are_noticed(bench, kit, reader, older: list[Payload]) -> None:
    """There is no checksum; but a length that is not that of the chunks takes nothing from the entries behind it."""
    bench.open()
    for place, payload in enumerate(older[1:], 2):
        change(bench.path / "data.mdb", headers(bench, payload, place, HEADER_1.size), 16)
    found = read(reader)["a.example"]
    assert [entry.damaged for entry in found] == [False, True, True, True, True, True]
    assert sum(entry.records for entry in found) == 18
    assert bench.append(kit.payload(1, "b.example")) is None
    assert_account_is_whole_once_trimmed(bench, kit, reader)


def test_an_older_logboom_is_refused_in_a_sentence(bench, reader, older: list[Payload]) -> None:
    bench.open()
    said = r"was written by a later version of logboom \(format 2\)"
    with pytest.raises(StorageError, match=said):
        Environment.open(bench.path, KIND, 1)
    bench.close()
    with pytest.raises(StorageError, match=said):
        Environment.create(bench.path, 1 << 24, KIND, 1)
    assert reader.id == bench.journal.id, "the number alone has changed"


def test_bytes_that_a_sender_sent_otherwise_have_a_checksum_of_their_own(bench, kit, reader) -> None:
    """The digest is of what was sent (JSON, or a value put right); what is kept is another body."""
    bench.open()
    kept = os.urandom(300)
    payload = Payload("a.example", "otlp", kept, 1, 1, os.urandom(16), seed=5, checksum=layout.checksum_of(kept, 5))
    assert bench.append(payload, kit.payload(300, "b.example")) is None
    assert [entry.damaged for entry in read(reader)["a.example"]] == [False]
    flip_in_body(bench, payload, 100)
    assert [entry.damaged for entry in read(reader)["a.example"]] == [True]
