"""Rows of a person, or of a domain, are deleted slice by slice, and no byte of them stays in the file or its log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from collector.base32 import first_record_id
from collector.batch import LogBatch
from collector.component import Erasure, Subject
from collector.samples import batch_of
from collector.store import erasing
from collector.store.describing import described
from collector.store.embedded import EmbeddedStore
from collector.store.erasing import StoreErasing
from collector.store.following import Question
from collector.store.rows import Limits, rows
from collector.testing.events import marked

SECRET = "anna-7f3b@example.test"
SUBJECT = Subject(("user.id", "user.email"), SECRET)
ALWAYS = (1 << 62) - 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "store.db")
    store.open()
    yield store
    store.close()


def filled(store: EmbeddedStore, domain: str = "a.com", many: int = 60) -> None:
    """Every fifth is hers, in one way or another; every seventh has her address in its text alone."""
    ways = (
        {"attributes": {"user.id": SECRET}}, {"resource": {"user": {"email": SECRET}}}, {"body": {"user.id": SECRET, "n": 1}},
    )  # fmt: skip
    samples = [
        {"body": f"row {n}", "attributes": {"user.id": f"u{n}"}}
        | (ways[n // 5 % 3] if n % 5 == 0 else {})
        | ({"body": f"mail to {SECRET} left"} if n % 5 and n % 7 == 0 else {})
        for n in range(many)
    ]
    for start in range(0, many, 7):
        store.insert(rows(batch_of(samples[start : start + 7], domain), Limits()))


def erase(store: EmbeddedStore, erasure: Erasure, at_once: int = 7) -> int:
    async def run(questions: Sequence[Question]) -> list[list[tuple[object, ...]]]:
        return store.run(questions)

    async def all_of_it() -> int:
        each, after, erased = StoreErasing(run, at_once), "", 0
        while True:
            done = await each.erase(erasure, after)
            erased += done.records
            if done.after is None:
                return erased
            after = done.after

    return asyncio.run(all_of_it())


def stamped(batch: LogBatch, record_id: str) -> LogBatch:
    return replace(batch, records=batch.records.with_columns(pl.lit(record_id).alias("record_id")))


def count(store: EmbeddedStore, condition: str = "1") -> int:
    [(number,)] = store.select(f"SELECT count(*) FROM logs WHERE {condition}")
    return int(str(number))


def bytes_of(store: EmbeddedStore) -> bytes:
    return b"".join(path.read_bytes() for path in store.path.parent.iterdir())


def test_hers_go_and_all_others_stay(store: EmbeddedStore) -> None:
    filled(store)
    filled(store, "b.com")

    assert erase(store, Erasure("e", "a.com", SUBJECT, ALWAYS)) == 12
    assert (count(store, "domain = 'a.com'"), count(store, "domain = 'b.com'")) == (48, 60)


def test_what_is_counted_is_what_goes_and_nothing_goes_twice(store: EmbeddedStore) -> None:
    filled(store)
    for in_texts, expected in ((False, 12), (True, 19 - 12)):
        subject = Subject(SUBJECT.attributes, SECRET, in_texts)
        counted = erase(store, Erasure("e", "a.com", subject, ALWAYS, counts_only=True))
        assert counted == erase(store, Erasure("e", "a.com", subject, ALWAYS)) == expected
        assert erase(store, Erasure("e", "a.com", subject, ALWAYS)) == 0


@pytest.mark.parametrize(("in_texts", "left"), [(False, 2), (True, 1)])
def test_a_body_that_writes_the_value_otherwise(in_texts: bool, left: int, store: EmbeddedStore) -> None:
    bodies = [r'{"user.id": "Jos\u00e9\/x"}', r'{"order": "Jos\u00e9\/x"}', r'{"user.id": "Jos\u00e8\/x"}']
    store.insert(rows(batch_of([{"body": body} for body in bodies], "a.com"), Limits()))

    assert erase(store, Erasure("e", "a.com", Subject(("user.id",), "José/x", in_texts), ALWAYS)) == 3 - left
    assert count(store) == left


@pytest.mark.parametrize("subject", [SUBJECT, None])
def test_who_dies_before_the_word_is_told_the_same_again(store: EmbeddedStore, subject: Subject | None) -> None:
    """Each slice is asked for twice, as by a successor: the numbers are those of one, also in a second round, and when nothing is left."""
    filled(store)

    async def run(questions: Sequence[Question]) -> list[list[tuple[object, ...]]]:
        return store.run(questions)

    async def round_of(erasure: Erasure) -> int:
        after, erased = "", 0
        while True:
            done = await StoreErasing(run, 7).erase(erasure, after)
            assert await StoreErasing(run, 7).erase(erasure, after) == done
            erased += done.records
            if done.after is None:
                return erased
            after = done.after

    erasure = Erasure("e", "a.com", subject, ALWAYS)
    assert asyncio.run(round_of(erasure)) == (60 if subject is None else 12)
    assert asyncio.run(round_of(erasure)) == 0
    filled(store, many=10)  # what was on its way
    again = 10 + 1 if subject is None else 2  # and the row that was emptied, for it was the newest
    assert asyncio.run(round_of(erasure)) == again


def test_words_of_old_erasures_are_forgotten(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "FORGET_SAID", erasing.FORGET_SAID.replace("- 1000", "- 3"))
    filled(store)
    for number in range(6):
        erase(store, Erasure(f"e{number}", "a.com", SUBJECT, ALWAYS))
    assert store.select("SELECT erasure FROM logboom_erasures ORDER BY rowid") == [("e3",), ("e4",), ("e5",)]


def test_no_byte_stays(store: EmbeddedStore) -> None:
    filled(store, many=400)
    assert SECRET.encode() in bytes_of(store)

    erase(store, Erasure("e", "a.com", Subject(SUBJECT.attributes, SECRET, in_texts=True), ALWAYS), at_once=50)
    store.settle()

    assert SECRET.encode() not in bytes_of(store)


def test_the_newest_row_is_emptied_so_that_numbers_never_go_back(store: EmbeddedStore) -> None:
    store.insert(rows(batch_of([{"body": "x"}, {"attributes": {"user.id": SECRET}}], "a.com"), Limits()))

    assert erase(store, Erasure("e", "a.com", SUBJECT, ALWAYS)) == 1
    assert store.select("SELECT rowid, attributes FROM logs ORDER BY rowid")[-1] == (2, "{}")
    assert erase(store, Erasure("e", "a.com", SUBJECT, ALWAYS)) == 0


def test_a_domain_goes_with_its_counts_and_tables(store: EmbeddedStore) -> None:
    filled(store)
    filled(store, "b.com")

    assert erase(store, Erasure("e", "a.com", None, ALWAYS, counts_only=True)) == 60
    assert erase(store, Erasure("e", "a.com", None, ALWAYS)) == 60
    assert [count(store, f"domain = '{domain}'") for domain in ("a.com", "b.com")] == [0, 60]
    assert store.select("SELECT DISTINCT domain FROM log_minutes") == [("b.com",)]


def test_counts_of_what_a_clock_ahead_stamped_go_with_its_rows(store: EmbeddedStore) -> None:
    """Minutes behind the moment of the erasure stay where a row of them does."""
    now = time.time_ns()
    early, late = (
        batch_of([{"body": "x", "attributes": {"a": 1}, "time_unix_nano": now + ahead}], "a.com")
        for ahead in (10**13, 2 * 10**13)
    )
    received = {"a": first_record_id(now // 1_000_000 - 10**6), "b": first_record_id(now // 1_000_000 + 10**6)}
    for batch, id_ in ((early, received["a"]), (late, received["b"])):
        store.insert(rows(stamped(batch, id_), Limits()))
    assert erase(store, Erasure("e", "a.com", None, now)) == 1
    assert store.select("SELECT count(*) FROM log_minutes WHERE domain = 'a.com'") == [(1,)]


def test_what_was_received_later_stays(store: EmbeddedStore) -> None:
    filled(store)

    assert erase(store, Erasure("e", "a.com", SUBJECT, 1)) == 0
    counts = store.select("SELECT minute, n FROM log_minutes WHERE domain = 'a.com' ORDER BY minute")
    assert erase(store, Erasure("e", "a.com", None, 1)) == 0
    assert store.select("SELECT minute, n FROM log_minutes WHERE domain = 'a.com' ORDER BY minute") == counts != []


def test_texts_of_tables_of_events_lose_the_value_and_nothing_else(store: EmbeddedStore) -> None:
    said = {"logboom.pattern.id": "p1", "logboom.pattern.template": f"mail to {SECRET} left", "logboom.version": 1}
    events = marked(batch_of([{"attributes": said}], "a.com"), ["logboom.pattern.changed"])
    store.insert(rows(events, Limits()), described(events, 1000))
    before = store.select("SELECT pattern_id, template FROM patterns")

    erase(store, Erasure("e", "a.com", SUBJECT, ALWAYS))

    assert before == [("p1", f"mail to {SECRET} left")]
    assert store.select("SELECT pattern_id, template FROM patterns") == [("p1", "mail to *** left")]


def test_what_she_has_is_found_with_all_that_the_row_says(store: EmbeddedStore) -> None:
    filled(store)

    async def found() -> list[dict[str, object]]:
        async def run(questions: Sequence[Question]) -> list[list[tuple[object, ...]]]:
            return store.run(questions)

        erasing, after, records = StoreErasing(run, 7), "", []
        while after is not None:
            part = await erasing.find(Erasure("e", "a.com", SUBJECT, ALWAYS), after)
            records += part.records
            after = part.after
        return records

    records = asyncio.run(found())
    assert len(records) == 12
    assert {record["domain"] for record in records} == {"a.com"}
    assert all(SECRET in str(record) for record in records)
    assert pl.DataFrame(records).get_column("record_id").n_unique() == 12
