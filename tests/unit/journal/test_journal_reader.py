"""JournalReader: what waits, and the next entries, fair over domains, from any process."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from collector.disk.environment import Environment
from collector.errors import StorageError
from collector.journal.entry import Entry
from collector.journal.layout import DOMAIN_KEY, KIND, TALLIES
from collector.journal.limits import Behind
from collector.journal.reader import Head, JournalReader
from collector.journal.rotation import QUANTUM_BYTES, Rotation
from collector.journal.tally import Tally

ALL = 1 << 40
LOOKS = int(os.environ.get("LOGBOOM_LOOKS", "20000"))

REMOTE = """
import json, sys
from pathlib import Path
from collector.journal.reader import JournalReader

reader = JournalReader.open(Path(sys.argv[1]))
for line in sys.stdin:
    entries = reader.read({}, None, {"otlp"}, 1 << 40, 1 << 40)
    answer = {
        "id": reader.id,
        "last": {name: head.last_offset for name, head in reader.heads().items()},
        "offsets": [entry.offset for entry in entries],
    }
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def reader(bench):
    reader = JournalReader.open(bench.path)
    yield reader
    reader.close()


def test_a_journal_that_does_not_exist_is_empty(bench, kit, reader) -> None:
    """Opened before the first write, the reader is empty, then follows."""
    assert reader.id is None
    assert reader.heads() == {}
    assert reader.read({}, None, {"otlp"}, ALL, ALL) == []
    assert reader.pending({}) == Behind()
    assert reader.counts() == {}
    bench.open()
    kit.eventually(lambda: reader.id == bench.journal.id, "the reader finds the journal")
    assert reader.heads() == {}
    assert bench.append(kit.payload(10, records=3)) is None
    assert reader.heads() == {"a.example": Head(1, 1, 3, 10)}


def test_heads_follow_every_commit(bench, kit, reader) -> None:
    bench.open()
    for number in range(1, 20):
        assert bench.append(kit.payload(10, f"{number % 3}.example", records=2)) is None
        kit.eventually(lambda: reader.id, "found")
        head = reader.heads()[f"{number % 3}.example"]
        assert (head.last_offset, head.entries) == (number, (number + 2) // 3)


def test_a_foreign_format_is_refused(bench) -> None:
    Environment.create(bench.path, 8 << 20, KIND, 99).close()
    with pytest.raises(StorageError, match="format 99"):
        JournalReader.open(bench.path)


@pytest.mark.slow
def test_another_process_follows_restart_growth_and_wiping(bench, kit, spawn) -> None:
    """The writer may restart, come back with a larger budget and map, or with an empty directory and a new id."""
    remote = spawn(REMOTE, bench.path)

    def ask() -> dict:
        remote.stdin.write("?\n")
        remote.stdin.flush()
        return json.loads(remote.stdout.readline())

    assert ask() == {"id": None, "last": {}, "offsets": []}
    first = bench.open(max_bytes=4 << 20).id
    assert bench.append(kit.payload(5000)) is None
    kit.eventually(lambda: ask()["offsets"] == [1], "seen from another process")
    bench.close()
    assert ask() == {"id": first, "last": {"a.example": 1}, "offsets": [1]}
    bench.open(max_bytes=32 << 20)
    for _ in range(10):
        assert bench.append(kit.payload(1 << 20)) is None  # beyond the first map
    assert ask()["offsets"] == list(range(1, 12))
    bench.close()
    for file in bench.path.iterdir():
        file.unlink()
    second = bench.open().id
    assert bench.append(kit.payload(1)) is None
    kit.eventually(lambda: ask()["id"] == second, "the new journal is found")
    assert ask() == {"id": second, "last": {"a.example": 1}, "offsets": [1]}


def test_reading_goes_on_behind_the_cursors(bench, kit, reader) -> None:
    """Each domain from its own cursor, trimmed entries are no obstacle, and nothing is read twice."""
    bench.open()
    for number in range(12):
        assert bench.append(kit.payload(b"%d" % number, f"{'ab'[number % 2]}.example")) is None
    kit.eventually(lambda: reader.id, "found")
    entries = reader.read({"a.example": 7, "b.example": 10}, None, {"otlp"}, ALL, ALL)
    assert {entry.domain: entry.offset for entry in entries} == {"a.example": 11, "b.example": 12}
    assert [entry.offset for entry in entries if entry.domain == "a.example"] == [9, 11]
    bench.low["a.example"] = 9
    kit.eventually(lambda: bench.journal.statistics().entries == 7, "trimmed")
    assert [entry.offset for entry in reader.read({}, {"a.example"}, {"otlp"}, ALL, ALL)] == [11]
    assert reader.read({"a.example": 11}, {"a.example"}, {"otlp"}, ALL, ALL) == []
    assert reader.read({}, {"unknown.example"}, {"otlp"}, ALL, ALL) == []


@pytest.mark.parametrize(
    ("max_bytes", "max_records", "taken"),
    [(1, ALL, 1), (1000, ALL, 1), (1001, ALL, 1), (1002, ALL, 2), (ALL, 1, 1), (ALL, 5, 1), (ALL, 6, 2), (ALL, ALL, 4)],
)
def test_a_read_is_bounded(bench, kit, reader, max_bytes: int, max_records: int, taken: int) -> None:
    """By bytes of bodies and by records; at least one entry, or a large one would never be read."""
    bench.open()
    for _ in range(4):
        assert bench.append(kit.payload(1000, records=5)) is None
    kit.eventually(lambda: reader.id, "found")
    assert len(reader.read({}, None, {"otlp"}, max_bytes, max_records)) == taken


def test_other_receivers_are_passed_over(bench, kit, reader) -> None:
    """Only wanted receivers are returned; `through` tells how far the cursor may move all the same."""
    bench.open()
    for number in range(10):
        receiver = "otlp" if number in (2, 5) else "otlp/edge"
        assert bench.append(kit.payload(5000, receiver=receiver)) is None
    kit.eventually(lambda: reader.id, "found")
    taken = reader.read({}, None, {"otlp"}, ALL, ALL)
    assert [entry.offset for entry in taken] == [3, 6]
    assert taken.through == {"a.example": 10}
    one = reader.read({}, None, {"otlp"}, 1, ALL)
    assert ([entry.offset for entry in one], one.through) == ([3], {"a.example": 3})
    assert len(reader.read({}, None, {"otlp", "otlp/edge"}, ALL, ALL)) == 10
    none = reader.read({}, None, {"other"}, ALL, ALL)
    assert (none, none.through) == ([], {"a.example": 10})


def test_passing_over_is_bounded_and_makes_progress(bench, kit, reader) -> None:
    """A snapshot is not held while thousands of foreign entries are looked at; the next read goes on behind them."""
    bench.open()
    foreign = [kit.payload(b"x", receiver="other")] * 5000
    assert bench.append(*foreign, kit.payload(b"mine")) is None
    kit.eventually(lambda: reader.id, "found")
    first = reader.read({}, None, {"otlp"}, ALL, ALL)
    assert first == []
    assert 0 < first.through["a.example"] < 5000
    assert [entry.body for entry in reader.read(first.through, None, {"otlp"}, ALL, ALL)] == [b"mine"]


def test_pending_is_exact_behind_any_cursor(bench, kit, reader) -> None:
    bench.open()
    sizes = [10, 6000, 100]
    for number in range(9):
        assert bench.append(kit.payload(sizes[number % 3], f"{number % 2}.example", records=number)) is None
    kit.eventually(lambda: reader.id, "found")
    assert reader.pending({}) == Behind(9, 36, 3 * 6110, 1)
    assert reader.pending({"0.example": 5, "1.example": 99}) == Behind(2, 14, 110, 1)
    assert reader.pending({}, {"1.example"}) == Behind(4, 16, sum(sizes[number % 3] for number in (1, 3, 5, 7)), 1)
    bench.low["0.example"] = 3
    kit.eventually(lambda: bench.journal.statistics().entries == 7, "trimmed")
    assert reader.pending({"0.example": 5, "1.example": 99}) == Behind(2, 14, 110, 1)


def test_a_large_backlog_delays_nobody(bench, kit, reader) -> None:
    """One domain with hundreds of entries, others with a few: the first read holds all of the small ones."""
    bench.open()
    for _ in range(300):
        assert bench.append(kit.payload(2000, "loud.example")) is None
    for number in range(5):
        assert bench.append(kit.payload(300, f"{number}.example")) is None
    kit.eventually(lambda: reader.id, "found")
    found = {entry.domain for entry in reader.read({}, None, {"otlp"}, 3 * QUANTUM_BYTES, ALL)}
    assert found == {"loud.example", *(f"{number}.example" for number in range(5))}


def test_domains_get_equal_bytes_whatever_their_payloads(bench, kit, reader) -> None:
    """Over many small reads: within a quantum and one entry, for 300 B, 6 KB and 100 KB payloads."""
    bench.open(max_bytes=64 << 20, max_domain_share=1.0)
    for size, domain in ((300, "small"), (6000, "middle"), (100_000, "large")):
        count = 2_000_000 // size + 1
        assert bench.append(*[kit.payload(bytes(size), domain)] * count) is None
    kit.eventually(lambda: reader.id, "found")
    cursors: dict[str, int] = {}
    taken: Counter[str] = Counter()
    while sum(taken.values()) < 3_000_000:
        entries = reader.read(cursors, None, {"otlp"}, 20_000, ALL)
        for entry in entries:
            assert entry.offset > cursors.get(entry.domain, 0)
            taken[entry.domain] += len(entry.body)
        cursors.update(entries.through)
    assert max(taken.values()) - min(taken.values()) <= QUANTUM_BYTES + 200_000


def _entry(domain: str, size: int) -> Entry:
    return Entry("j", 1, domain, "otlp", bytes(size), 1, 1, bytes(16))


def test_an_idle_domain_saves_up_no_credit() -> None:
    """Whoever comes back after a pause gets no more than the others."""
    rotation = Rotation()
    for _ in range(50):
        rotation.take({"busy": iter([_entry("busy", QUANTUM_BYTES)] * 2)}, [], ALL, ALL)
    into: list[Entry] = []
    streams = {name: iter([_entry(name, 1000)] * 1000) for name in ("busy", "late")}
    rotation.take(streams, into, 6 * QUANTUM_BYTES, ALL)
    sizes = Counter(entry.domain for entry in into)
    assert abs(sizes["busy"] - sizes["late"]) * 1001 <= QUANTUM_BYTES + 1001


def test_a_huge_entry_is_paid_for() -> None:
    """After a payload of many quanta its domain waits until the others had as much."""
    rotation = Rotation()
    into: list[Entry] = []
    streams = {
        "huge": iter([_entry("huge", 4 * QUANTUM_BYTES)] * 2),
        "small": iter([_entry("small", QUANTUM_BYTES // 4)] * 100),
    }
    rotation.take(streams, into, ALL, ALL)
    order = [entry.domain for entry in into]
    between = order.index("huge", order.index("huge") + 1) - order.index("huge") - 1
    assert 12 <= between <= 20


def test_readers_need_no_directory_of_their_own(tmp_path: Path) -> None:
    """A reader never makes files: it would hide a wrong path."""
    reader = JournalReader.open(tmp_path / "no" / "journal")
    assert reader.heads() == {}
    reader.close()
    assert list(tmp_path.iterdir()) == []


COMMITS = """
import sys, threading
from pathlib import Path
import xxhash
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.journal.writer import Journal

journal = Journal.open(Path(sys.argv[1]), JournalLimits(max_bytes=64 << 20), dict, lambda error: None)
body = b"x"
payload = Payload("a.example", "otlp", body, 1, 1, xxhash.xxh3_128_digest(body))
done = threading.Event()
print("open", flush=True)
while True:
    done.clear()
    journal.append([payload], lambda refusal: done.set())
    done.wait()
"""


def test_what_is_kept_is_never_known_under_a_later_commit(bench, kit, spawn) -> None:
    """Each commit of the writer adds one entry, so a commit's number tells the newest offset: whatever the reader keeps
    under a number is what that commit left. A reader that kept older heads under it would wait for ever."""
    writer = spawn(COMMITS, bench.path)
    assert writer.stdout.readline() == "open\n"
    reader = JournalReader.open(bench.path)
    kit.eventually(reader.heads, "the first entry is seen")
    with reader._environment.read() as txn:
        row = txn.get(DOMAIN_KEY.pack(0), db=reader._tables[TALLIES])
        number_of_offset_0 = txn.id() - Tally.parse(row).last_offset
    seen = set()

    def look() -> None:
        offset = reader.heads()["a.example"].last_offset
        assert reader._transaction - offset == number_of_offset_0
        seen.add(offset)

    for _ in range(LOOKS):
        look()
    kit.eventually(lambda: look() or len(seen) > 10, "ten commits on a busy disk")
    reader.close()


@pytest.mark.slow
def test_a_look_that_says_nothing_new_is_not_trusted_for_long(bench, kit, reader, monkeypatch) -> None:
    """Even if the number of the last commit never moved, what was committed is seen."""
    bench.open()
    assert bench.append(kit.payload(1)) is None
    kit.eventually(reader.heads, "the first entry is seen")
    monkeypatch.setattr(Environment, "last_transaction", lambda _: reader._transaction)
    assert bench.append(kit.payload(1)) is None
    kit.eventually(lambda: reader.heads()["a.example"].last_offset == 2, "the second entry is seen")
