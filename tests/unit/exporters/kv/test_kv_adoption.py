"""A view that begins with nothing takes over what KV has, once, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from collector.journal.entry import Entry
from collector.pipeline.record_ids import record_ids
from collector.testing.row_batch import Row, batch_of
from exporters.kv.keys import counts_key, recent_key
from exporters.kv.records import received_hours, viewed
from exporters.kv.view import Shape, View

SHAPE = Shape("p/", recent=10, chunk=4, max_components=5)
LONG_AGO = "0004G8W0C0"
"""The front of a record id that was received before any view of today was made."""
DISTANT = "7ZZZZZZZZZ"
"""… and of one that is received long after."""


def frame(stamp: str, first: int, count: int, domain: str = "a.com") -> Any:
    rows = [Row(f"{stamp}{n:016d}", fields={"body": str(n), "domain": domain}) for n in range(first, first + count)]
    return viewed(batch_of(rows), 4096)


def opened(path: Any) -> View:
    view = View(path, SHAPE)
    view.open()
    return view


def kv_of(view: View) -> dict[str, str]:
    """What KV holds once everything is written."""
    changes = view.changes(["a.com"])
    view.published(changes)
    return {change.key: change.value for change in changes}


def hour_of_them(stamp: str) -> str:
    return str(received_hours(frame(stamp, 0, 1).get_column("record_id")).item())


@pytest.fixture
def kept(tmp_path):
    """Eleven records: the newest ten in three chunks, and their hour's counts."""
    view = opened(tmp_path / "first.db")
    view.adopt(view.wanted(frame(LONG_AGO, 0, 1)), {})
    view.add(frame(LONG_AGO, 0, 11))
    values = kv_of(view)
    view.close()
    return values


def test_it_goes_on_where_kv_stands(kept, tmp_path):
    """Numbers and counts continue; the newest ten are those of both lives."""
    view = opened(tmp_path / "second.db")
    fresh = frame(LONG_AGO, 11, 3)
    wanted = view.wanted(fresh)
    assert [one.key for one in wanted] == [
        counts_key("p/", "a.com", hour_of_them(LONG_AGO)), *(recent_key("p/", "a.com", slot) for slot in range(4)),
    ]  # fmt: skip
    view.adopt(wanted, kept)
    view.add(fresh)
    found = {key: json.loads(value) for key, value in {**kept, **kv_of(view)}.items()}
    chunks = sorted((one for key, one in found.items() if "recent" in key), key=lambda one: one["first"])
    numbered = [(one["first"] + at, record["body"]) for one in chunks for at, record in enumerate(one["records"])]
    assert numbered[-10:] == [(n, str(n)) for n in range(4, 14)]
    assert found[counts_key("p/", "a.com", hour_of_them(LONG_AGO))]["levels"] == {"info": 14}


def test_each_key_is_taken_over_once(kept, tmp_path):
    """Asked for again after a half, not after the whole; a second answer counts nothing twice, nor does a restart."""
    view = opened(tmp_path / "second.db")
    fresh = frame(LONG_AGO, 11, 3)
    wanted = view.wanted(fresh)
    view.adopt(wanted[:2], kept)
    assert view.wanted(fresh) == wanted[2:]
    view.adopt(wanted, kept)
    view.adopt(wanted, kept)
    view.add(fresh)
    view.close()
    view = opened(tmp_path / "second.db")
    assert view.wanted(frame(LONG_AGO, 14, 1)) == []
    values = {key: json.loads(value) for key, value in kv_of(view).items()}
    assert values[counts_key("p/", "a.com", hour_of_them(LONG_AGO))]["levels"] == {"info": 14}


def test_only_hours_that_had_begun_are_asked_for(tmp_path):
    """A later hour's counts can have been written by nobody else."""
    wanted = opened(tmp_path / "view.db").wanted(frame(DISTANT, 0, 1))
    assert {one.hour for one in wanted} == {""}


def test_each_domain_is_asked_for_when_it_comes(tmp_path):
    """The one that is known already is not."""
    view = opened(tmp_path / "view.db")
    view.adopt(view.wanted(frame(LONG_AGO, 0, 1)), {})
    assert {one.domain for one in view.wanted(frame(LONG_AGO, 0, 1, "b.com"))} == {"b.com"}
    assert view.wanted(frame(LONG_AGO, 1, 1)) == []


@pytest.mark.parametrize("value", [
    None, "", "no json", "[]", "1", '{"v":2,"first":5,"records":[{}],"components":{"c":{"info":9}}}', '{"v":1}',
    '{"v":1,"first":"5","records":[{}]}', '{"v":1,"first":5,"records":{}}', '{"v":1,"components":[1]}',
])  # fmt: skip
def test_what_is_not_ours_counts_as_not_there(tmp_path, value):
    """Numbers from 0, counts from 0."""
    view = opened(tmp_path / "view.db")
    fresh = frame(LONG_AGO, 0, 2)
    wanted = view.wanted(fresh)
    view.adopt(wanted, {one.key: value for one in wanted})
    view.add(fresh)
    values = {key: json.loads(text) for key, text in kv_of(view).items()}
    assert values[recent_key("p/", "a.com", 0)]["first"] == 0
    assert values[counts_key("p/", "a.com", hour_of_them(LONG_AGO))]["levels"] == {"info": 2}


def test_a_view_that_was_there_before_asks_for_nothing(tmp_path):
    """One that holds records and knows nothing of taking over: what is in KV is its own."""
    view = opened(tmp_path / "view.db")
    view.add(frame(LONG_AGO, 0, 1))
    view._connection.executescript("DROP TABLE born; DROP TABLE adopted")
    view.close()
    view = opened(tmp_path / "view.db")
    assert view.wanted(frame(LONG_AGO, 1, 1)) == []
    assert view.wanted(frame(LONG_AGO, 0, 1, "b.com")) == []


def test_counts_stand_under_the_hour_of_receipt():
    """Read off ids as logboom makes them."""
    received = datetime(2026, 11, 23, 7, 59, 59, 999_000, tzinfo=UTC)
    entry = Entry("j", 7, "a.com", "otlp", b"", 1, round(received.timestamp() * 1000), b"")
    made = record_ids([entry], np.zeros(1, dtype=np.uint32))
    assert received_hours(made).to_list() == ["2026-11-23T07"]
