"""Events pass a component that does not take them in their places, whatever it does with the records around them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.batch import LogBatch, concat
from collector.pipeline.sight import divided, rejoined
from collector.shaping.events import taken
from collector.testing.events import marked
from counterparts.examples import examples

KINDS = ("a.one", "a.two", "b")


def batch_of(kinds: list[str]) -> LogBatch:
    """Records numbered from 0; those with a kind were made."""
    numbers = list(range(len(kinds)))
    return marked(LogBatch.of({"body": [str(number) for number in numbers]}, {"n": numbers}), kinds)


def bodies(batch: LogBatch) -> list[str]:
    return batch.column("body").to_list()


def test_a_batch_without_made_records_is_given_as_it_is() -> None:
    batch = batch_of(["", ""])
    seen, hidden = divided(batch, ())
    assert seen is batch
    assert hidden is None
    assert rejoined(seen, hidden) is batch


@pytest.mark.parametrize(
    ("kinds", "seen"),
    [((), "2"), (("a.*",), "0 1 2"), (("a.two", "b"), "1 2 3"), (("*",), "0 1 2 3"), (("a",), "2")],
)
def test_kinds_are_names_or_fronts_of_names(kinds: tuple[str, ...], seen: str) -> None:
    assert bodies(divided(batch_of(["a.one", "a.two", "", "b"]), kinds)[0]) == seen.split()


def test_the_name_of_a_sent_record_hides_nothing() -> None:
    batch = LogBatch.of({"body": ["x"], "event_name": ["a.one"]})
    assert divided(batch, ()) == (batch, None)
    assert taken(batch.column("event_name"), ("a.*",)).to_list() == [True]


rows = st.lists(st.tuples(st.sampled_from(["", "", *KINDS]), st.booleans()), min_size=1, max_size=12)


@given(rows, st.sampled_from([(), ("a.*",), ("b",)]))
@settings(max_examples=examples(60))
def test_what_is_left_keeps_its_order(rows: list[tuple[str, bool]], kinds: tuple[str, ...]) -> None:
    batch = batch_of([kind for kind, _ in rows])
    seen, hidden = divided(batch, kinds)
    keep = pl.Series([rows[int(body)][1] for body in bodies(seen)], dtype=pl.Boolean)
    after = rejoined(seen.filter(keep), hidden)
    unseen = set(bodies(batch)) - set(bodies(seen))
    assert bodies(after) == [str(number) for number, (_, kept) in enumerate(rows) if kept or str(number) in unseen]
    assert after.attribute_text("n").to_list() == bodies(after), "attributes stay with their records"
    assert "place" not in after.records.columns


def test_what_a_component_adds_follows_the_record_in_front_of_it() -> None:
    seen, hidden = divided(batch_of(["", "b", "", "b"]), ())
    first, second = seen.slice(0, 1), seen.slice(1, 1)
    added = LogBatch.of({"body": ["added"]})
    assert bodies(rejoined(concat([first, added, second]), hidden)) == ["0", "added", "1", "2", "3"]
    assert bodies(rejoined(concat([second, first]), hidden)) == ["1", "2", "0", "3"], "its own order is left to it"
    assert bodies(rejoined(added, hidden)) == ["added", "1", "3"], "made from nothing"
    assert bodies(rejoined(seen.slice(0, 0), hidden)) == ["1", "3"]
