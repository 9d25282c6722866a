"""A tail's place: order of commit, resume, what is left out, another store, other domains."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.console.file_source import FileSource
from collector.console.tailing import Quiet, Records, Reset, Skipped, Tail, Told
from collector.console.tailing import tail as tailing
from collector.query.query import Query
from collector.scope import Scope
from counterparts.examples import examples
from counterparts.store_writer import Writer

A, B = "a.example", "b.example"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "store.db")
    yield made
    made.close()


def begun(writer: Writer, q: str = "", scope: Scope | None = None, after: str = "") -> tuple[Tail, Any]:
    """A tail at its place, and the store that it is asked of."""
    _, connection = FileSource(writer.path).whole(Scope.everything())
    tail = Tail(Query(q), scope or Scope.everything(), after)
    tail.begin(connection)
    return tail, connection


def told(tail: Tail, connection: Any) -> list[Told]:
    """All that there is to tell now."""
    return list(iter(lambda: tail.step(connection), None))


def ids(found: list[Told]) -> list[str]:
    return [row["record_id"] for one in found if isinstance(one, Records) for row in one.rows]


def test_what_was_there_is_not_told_and_what_comes_is_in_the_order_of_its_commit(writer: Writer) -> None:
    """Whatever time it has, and whatever its id is."""
    writer.put("before")
    tail, store = begun(writer)
    assert told(tail, store) == []
    new = writer.put("late", at=5) + writer.put("early", at=9 * 10**18) + writer.put("between")
    assert ids(told(tail, store)) == new
    assert told(tail, store) == []


def test_a_message_has_fifty_records_at_most(writer: Writer) -> None:
    tail, store = begun(writer)
    new = writer.put(*map(str, range(120)))
    found = told(tail, store)
    assert [len(one.rows) for one in found if isinstance(one, Records)] == [50, 50, 20]
    assert ids(found) == new


def test_it_goes_on_behind_the_place_of_any_message(writer: Writer) -> None:
    tail, store = begun(writer)
    new = writer.put(*map(str, range(120)))
    first, *_ = told(tail, store)
    assert isinstance(first, Records)
    again, store = begun(writer, after=first.place)
    assert ids(told(again, store)) == new[50:]


def test_the_place_moves_past_what_is_not_wanted(writer: Writer) -> None:
    tail, store = begun(writer, "wanted")
    *_, last = writer.put("other", "other")
    assert told(tail, store) == [Quiet(last)]
    new = writer.put("wanted")
    again, store = begun(writer, "wanted", after=last)
    assert ids(told(again, store)) == ids(told(tail, store)) == new


def test_the_place_of_an_empty_store_is_the_beginning(writer: Writer) -> None:
    tail, _ = begun(writer)
    assert tail.place == tailing.BEGINNING
    new = writer.put("first")
    again, store = begun(writer, after=tail.place)
    assert ids(told(again, store)) == new


def test_places_name_records_that_may_be_seen(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the last ones are of others, many of them."""
    monkeypatch.setattr(tailing, "_LOOK_BACK", 20)
    (seen,) = writer.put("mine")
    writer.put(*["theirs"] * 21, domain=B)
    tail, store = begun(writer, scope=Scope.of(A))
    assert tail.place == seen
    writer.put("theirs", domain=B)
    assert told(tail, store) == [Quiet(seen)]
    assert begun(writer, scope=Scope.of("c.example"))[0].place == tailing.BEGINNING


@pytest.mark.parametrize("most", [2, 1000], ids=["large", "small"])
def test_the_place_of_a_quiet_domain_is_behind_its_late_records(
    writer: Writer, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Which have a lower time than others and came later, more of them than are looked at by time; they are not told again."""
    monkeypatch.setattr(tailing, "_LOOK_BACK", 5)
    monkeypatch.setattr(tailing, "MOST_OF_DOMAIN", most)
    bounded = re.sub(r"LIMIT \d+", f"LIMIT {most}", tailing.LAST_OF_DOMAIN)
    monkeypatch.setattr(tailing, "LAST_OF_DOMAIN", bounded)
    writer.put("new", "new", "new")
    *_, last = writer.put("late", "late", at=5)
    writer.put(*["theirs"] * 14, domain=B)
    tail, _ = begun(writer, scope=Scope.of(A))
    assert tail.place == last
    again, store = begun(writer, scope=Scope.of(A), after=tail.place)
    assert ids(told(again, store)) == []


def test_the_place_of_another_domain_is_not_known(writer: Writer) -> None:
    (theirs,) = writer.put("theirs", domain=B)
    tail, store = begun(writer, scope=Scope.of(A), after=theirs)
    assert told(tail, store)[0] == Reset(tailing.BEGINNING)


@pytest.mark.parametrize("place", ["gone", "x\nevent: record", "'; DROP TABLE logs"])
def test_a_place_that_is_not_known_is_told_and_it_goes_on_with_the_newest(writer: Writer, place: str) -> None:
    there = writer.put("a", "b")
    tail, store = begun(writer, after=place)
    assert tail.place == tailing.BEGINNING
    reset, *found = told(tail, store)
    assert reset == Reset(tailing.BEGINNING)
    assert ids(found) == there


def test_more_than_a_client_can_want_is_left_out_and_counted(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tailing, "MOST_BEHIND", 100)
    monkeypatch.setattr(tailing, "KEPT", 20)
    monkeypatch.setattr(tailing, "_LOOK", 10)
    tail, store = begun(writer, "wanted")
    new = writer.put(*["wanted"] * 150)
    writer.put(*["other"] * 30)
    skipped, *found = told(tail, store)
    assert skipped == Skipped(130, True, new[129])
    assert ids(found) == new[130:]


def test_few_among_many_are_all_told(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tailing, "MOST_BEHIND", 100)
    monkeypatch.setattr(tailing, "KEPT", 20)
    tail, store = begun(writer, "wanted")
    new = writer.put(*["wanted", "other"] * 90)[::2]
    assert ids(told(tail, store)) == new


def test_what_is_not_counted_in_time_is_said_to_be_at_least_so_much(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tailing, "MOST_BEHIND", 100)
    monkeypatch.setattr(tailing, "KEPT", 20)
    monkeypatch.setattr(tailing, "_LOOK", 30)
    clock = itertools.count()
    monkeypatch.setattr(tailing.time, "monotonic", lambda: float(next(clock)) / 8)
    tail, store = begun(writer)
    new = writer.put(*["wanted"] * 1000)
    skipped, *found = told(tail, store)
    assert skipped == Skipped(60, False, new[-31])
    assert ids(found) == new[-30:]


_COMMITS = st.lists(
    st.tuples(st.sampled_from([A, B]), st.lists(st.sampled_from(["wanted", "other"]), min_size=1, max_size=4)),
    max_size=12,
)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    commits=_COMMITS,
    cuts=st.sets(st.integers(0, 20)),
    domain=st.sampled_from(["", A]),
    q=st.sampled_from(["", "wanted"]),
)
def test_each_record_is_told_once_however_often_the_client_comes_again(
    tmp_path_factory: pytest.TempPathFactory, commits: list[tuple[str, list[str]]], cuts: set[int], domain: str, q: str
) -> None:
    """And none of another domain ever is."""
    writer = Writer(tmp_path_factory.mktemp("tail") / "store.db")
    scope = Scope.chosen(domain or None)
    tail, store = begun(writer, q, scope)
    wanted: list[str] = []
    found: list[str] = []
    steps = 0
    for whose, texts in commits:
        made = writer.put(*texts, domain=whose)
        wanted += [one for one, text in zip(made, texts, strict=True) if whose in scope and (not q or text == q)]
        while (step := tail.step(store)) is not None:
            found += ids([step])
            steps += 1
            if steps in cuts:
                tail, store = begun(writer, q, scope, after=tail.place)
    writer.close()
    assert found == wanted
