"""LogBatch: each method at its edges, and the example that its module teaches."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import collector.batch
from collector.batch import ATTRIBUTES, RECORDS, LogBatch, ValueKind, concat
from counterparts.examples import examples


def batch_of(*bodies: str, resource: str = "svc", domain: str = "d", **attributes: list[Any]) -> LogBatch:
    columns = {"body": list(bodies), "domain": [domain] * len(bodies)}
    return LogBatch.of(columns, attributes, {"service.name": resource}, f"{resource}.scope")


def as_sent(batch: LogBatch) -> LogBatch:
    """The same batch with its derived columns as rows of the attribute table, as records arrive."""
    return replace(batch, attributes=batch.all_attributes(), derived=pl.DataFrame())


def test_a_made_batch_has_the_declared_columns_and_defaults() -> None:
    """Fields that were not given hold what an absent OTLP field means."""
    batch = batch_of("a", "b")
    assert batch.records.schema == RECORDS
    assert batch.records.row(0, named=True) == {
        "time_unix_nano": 0, "observed_time_unix_nano": 0, "severity_number": 0, "severity_text": "",
        "body": "a", "body_any": None, "trace_id": b"", "span_id": b"", "flags": 0, "event_name": "",
        "dropped_attributes_count": 0, "resource": 0, "scope": 0, "payload": 0, "domain": "d", "record_id": None,
    }  # fmt: skip
    assert batch.resource_attribute("service.name").to_list() == ["svc", "svc"]
    assert batch.scope_field("name").to_list() == ["svc.scope", "svc.scope"]
    assert batch.resource_field("schema_url").to_list() == ["", ""]


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "derived"])
def test_attribute_gives_a_column_of_one_kind(sent: bool) -> None:
    """The same whether the attribute came with the record or was derived: null where absent or of another kind."""
    batch = batch_of("a", "b", s=["x", None], i=[None, 5], f=[0.5, None], t=[True, None])
    batch = as_sent(batch) if sent else batch
    assert batch.attribute("s").to_list() == ["x", None]
    assert batch.attribute("i", ValueKind.INT).to_list() == [None, 5]
    assert batch.attribute("f", ValueKind.DOUBLE).to_list() == [0.5, None]
    assert batch.attribute("t", ValueKind.BOOL).to_list() == [True, None]
    for key, kind, column in (
        ("i", ValueKind.STRING, "string"),
        ("s", ValueKind.INT, "int"),
        ("none", ValueKind.ANY, "any"),
    ):
        found = batch.attribute(key, kind)
        assert found.to_list() == [None, None]
        assert (found.name, found.dtype) == (key, ATTRIBUTES[column])
    texts = {key: batch.attribute_text(key).to_list() for key in ("s", "i", "f", "t", "none")}
    assert texts == {"s": ["x", None], "i": [None, "5"], "f": ["0.5", None], "t": ["true", None], "none": [None, None]}


def test_the_first_of_a_repeated_key_wins_within_its_kind() -> None:
    """As a map would keep it, but for attribute(kind), which skips values of other kinds."""
    batch = as_sent(batch_of("a", k=["one"]))
    again = as_sent(batch_of("a", k=["two"]))
    number = as_sent(batch_of("a", k=[3]))
    repeated = replace(batch, attributes=pl.concat([number.attributes, batch.attributes, again.attributes]))
    assert repeated.attribute("k").to_list() == ["one"]
    assert repeated.attribute("k", ValueKind.INT).to_list() == [3]
    assert repeated.attribute_text("k").to_list() == ["3"]


def test_with_attributes_replaces_what_came_with_the_record() -> None:
    """Also where the new value is null; the old batch stays as it was."""
    batch = as_sent(batch_of("a", "b", k=["old", "old"], other=["x", "y"]))
    changed = batch.with_attributes({"k": pl.Series(["new", None])})
    assert changed.attribute("k").to_list() == ["new", None]
    assert changed.attribute("other").to_list() == ["x", "y"]
    assert batch.attribute("k").to_list() == ["old", "old"]
    twice = changed.with_attributes({"k": pl.Series([None, 7])})
    assert twice.attribute("k", ValueKind.INT).to_list() == [None, 7]
    assert [row[1] for row in twice.all_attributes().select("owner", "key").rows()] == ["other", "other", "k"]


TYPES = {
    "nulls": (pl.Series([None, None]), ValueKind.STRING, [None, None]),
    "categorical": (pl.Series(["a", None], dtype=pl.Categorical), ValueKind.STRING, ["a", None]),
    "enum": (pl.Series(["a", None], dtype=pl.Enum(["a"])), ValueKind.STRING, ["a", None]),
    "uint32": (pl.Series([7, None], dtype=pl.UInt32), ValueKind.INT, [7, None]),
    "float32": (pl.Series([0.5, None], dtype=pl.Float32), ValueKind.DOUBLE, [0.5, None]),
    "binary": (pl.Series([b"\x00", None]), ValueKind.BYTES, [b"\x00", None]),
}


@pytest.mark.parametrize(("column", "kind", "values"), TYPES.values(), ids=TYPES)
def test_with_attributes_takes_what_fits(column: pl.Series, kind: ValueKind, values: list[Any]) -> None:
    """Narrow types are widened to the one that attributes have."""
    assert batch_of("a", "b").with_attributes({"k": column}).attribute("k", kind).to_list() == values


def test_columns_of_a_wrong_type_or_length_are_refused() -> None:
    """At once, in the processor that made them, not later in an exporter."""
    batch = batch_of("a", "b")
    with pytest.raises(TypeError, match="not List"):
        batch.with_attributes({"k": pl.Series([["x"], None])})
    for wrong in (
        lambda: batch.with_attributes({"k": pl.Series(["x"])}),
        lambda: batch.with_fields({"body": pl.Series(["x"])}),
        lambda: batch.filter(pl.Series([True])),
    ):
        with pytest.raises(ValueError, match="2 records"):
            wrong()


def test_without_attributes_removes_both_kinds() -> None:
    """Derived columns and attributes that came; unknown keys are no error."""
    batch = as_sent(batch_of("a", sent=["x"])).with_attributes({"made": pl.Series(["y"]), "kept": pl.Series(["z"])})
    left = batch.without_attributes(["sent", "made", "unknown"])
    assert left.all_attributes().get_column("key").to_list() == ["kept"]
    assert left.without_attributes(["kept"]).with_attributes({}).all_attributes().height == 0


def test_with_fields_casts_to_the_declared_type() -> None:
    """A wider integer is no reason for another table."""
    batch = batch_of("a").with_fields({"severity_number": pl.Series([17], dtype=pl.Int64)})
    assert batch.records.schema == RECORDS
    assert batch.column("severity_number").to_list() == [17]


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(st.data())
def test_filter_gather_and_slice_pick_records_with_their_attributes(data: st.DataObject) -> None:
    """Every record keeps its own attributes, sent and derived."""
    size = data.draw(st.integers(0, 6))
    values = data.draw(st.lists(st.none() | st.text(max_size=2), min_size=size, max_size=size))
    names = [str(i) for i in range(size)]
    batch = as_sent(batch_of(*names, k=pl.Series(values, dtype=pl.String))).with_attributes(
        {"d": pl.Series(values, dtype=pl.String)}
    )
    keep = data.draw(st.lists(st.sampled_from([True, False, None]), min_size=size, max_size=size))
    offset, length = data.draw(st.integers(0, 7)), data.draw(st.integers(0, 7))
    filtered = [i for i in range(size) if keep[i]]
    picks = [
        (batch.filter(pl.Series(keep, dtype=pl.Boolean)), filtered),
        (batch.gather(pl.Series(filtered, dtype=pl.UInt32)), filtered),
        (batch.slice(offset, length), list(range(size))[offset : offset + length]),
    ]
    for picked, positions in picks:
        assert len(picked) == len(positions)
        assert picked.column("body").to_list() == [names[i] for i in positions]
        assert picked.attribute("k").to_list() == [values[i] for i in positions]
        assert picked.attribute("d").to_list() == [values[i] for i in positions]


def test_untouched_batches_are_not_copied() -> None:
    """A filter that keeps all, a slice of all, a concat of one."""
    batch = batch_of("a", "b")
    assert batch.filter(pl.Series([True, True])) is batch
    assert batch.slice(0, 2) is batch
    assert concat([LogBatch.empty(), batch]) is batch
    assert batch.compact() is batch


def test_concat_shifts_every_position() -> None:
    """Records find their own resource, scope, payload and attributes again."""
    parts = [
        batch_of("a", "b", resource="one", domain="x", k=["1", None]),
        batch_of("c", resource="two", domain="y", k=["3"]),
    ]
    for batch in (concat(parts), concat([as_sent(part) for part in parts])):
        assert batch.column("body").to_list() == ["a", "b", "c"]
        assert batch.resource_attribute("service.name").to_list() == ["one", "one", "two"]
        assert batch.scope_field("name").to_list() == ["one.scope", "one.scope", "two.scope"]
        assert batch.column("payload").to_list() == [0, 0, 1]
        assert batch.attribute("k").to_list() == ["1", None, "3"]
        assert batch.by_domain() == {"x": 2, "y": 1}


def test_concat_of_unlike_derived_columns() -> None:
    """One batch derived what another was sent, or derived it in another type: each record finds its own."""
    derived = batch_of("a", k=["one"], both=["b"])
    sent = as_sent(batch_of("b", k=["two"], both=["b"]))
    number = batch_of("c", k=[3], both=["b"])
    nothing = batch_of("d")
    batch = concat([derived, sent, number, nothing])
    assert batch.attribute("k").to_list() == ["one", "two", None, None]
    assert batch.attribute("k", ValueKind.INT).to_list() == [None, None, 3, None]
    assert batch.attribute("both").to_list() == ["b", "b", "b", None]
    assert batch.attribute_text("k").to_list() == ["one", "two", "3", None]
    alike = concat([derived, derived])
    assert alike.derived.columns == ["k", "both"]
    assert concat([derived, nothing]).derived.columns == ["k", "both"], (
        "a column stays one beside those who have no such thing"
    )
    assert concat([nothing, derived]).derived.to_dict(as_series=False) == {"k": [None, "one"], "both": [None, "b"]}
    assert concat([sent, derived]).derived.columns == []


def test_compact_drops_tables_rows_that_nothing_uses() -> None:
    """After a filter, so that an outbox entry carries only its own resources."""
    batch = concat([batch_of("a", resource="one"), batch_of("b", resource="two"), batch_of("c", resource="three")])
    left = batch.filter(batch.column("body") != "b").compact()
    assert (left.resources.height, left.scopes.height, left.payloads.height) == (2, 2, 2)
    assert left.resource_attribute("service.name").to_list() == ["one", "three"]
    assert left.scope_field("name").to_list() == ["one.scope", "three.scope"]
    assert left.column("payload").to_list() == [0, 1]
    assert batch.filter(pl.Series([False] * 3)).compact().resources.height == 0


def test_empty_batches_take_every_method() -> None:
    """Zero records, zero resources: columns of length zero and the right type."""
    empty = LogBatch.empty()
    made = empty.with_attributes({"k": pl.Series([], dtype=pl.String)})
    for batch in (
        empty,
        made,
        concat([]),
        concat([empty, made]),
        LogBatch.of({}),
        empty.slice(0, 5),
        empty.slice(3, 5),
    ):
        assert len(batch) == 0
        assert batch.attribute("k").dtype == pl.String
        assert batch.attribute_text("x").dtype == pl.String
        assert batch.resource_attribute("x", ValueKind.INT).dtype == pl.Int64
        assert batch.scope_attribute("x").to_list() == []
        assert batch.scope_field("name").to_list() == []
        assert batch.filter(pl.Series([], dtype=pl.Boolean)).compact().by_domain() == {}
        assert batch.all_attributes().height == 0


def test_records_without_a_resource() -> None:
    """Made by a processor: no resource attribute, rather than another record's."""
    batch = batch_of("a", "b").with_fields({"resource": pl.Series([None, 0]), "scope": pl.Series([0, None])})
    assert batch.resource_attribute("service.name").to_list() == [None, "svc"]
    assert batch.scope_field("name").to_list() == ["svc.scope", None]
    assert replace(batch, resources=batch.resources.clear()).resource_attribute("x").to_list() == [None, None]


def test_records_without_a_domain_count_under_nothing() -> None:
    """`by_domain` has text keys only."""
    assert LogBatch.of({"body": ["a"]}).by_domain() == {"": 1}


def test_the_processor_of_the_docstring_works() -> None:
    """The ten lines that teach the API are run as they stand there."""
    text = collector.batch.__doc__ or ""
    code = textwrap.dedent(text[text.index("    class Component:") : text.index("`attribute` gives a column")])
    assert len(code.strip().splitlines()) <= 10
    names: dict[str, Any] = {"LogBatch": LogBatch, "Work": object}
    exec(code, names)
    batch = concat(
        [
            LogBatch.of(
                {"body": ["a", "b"], "severity_number": [9, 1]},
                {"code.function.name": ["f", None]},
                {"service.name": "s"},
            ),
            LogBatch.of({"body": ["c", "d"], "severity_number": [9, 1]}),
        ]
    )
    done = names["Component"]().process(batch, None)
    assert done.column("body").to_list() == ["a", "b", "c"]
    assert done.attribute("logboom.component").to_list() == ["f", "s", None]


def test_gather_is_safe_with_numpy_positions() -> None:
    """Positions as numpy computes them."""
    batch = batch_of("a", "b", "c", k=["1", "2", "3"])
    picked = as_sent(batch).gather(pl.Series(np.array([0, 2])))
    assert picked.attribute("k").to_list() == ["1", "3"]


def test_attributes_of_resources_and_scopes_are_set_once_for_each() -> None:
    """A value a row of the small table, which all its records show; a key that came is replaced, null takes it away."""
    batch = concat(
        [
            LogBatch.of({"body": ["a", "b"]}, resource={"host.name": "h"}),
            LogBatch.of({"body": ["c"]}, resource={"x": "1"}),
        ]
    )
    done = batch.with_resource_attributes({"host.name": pl.Series([None, "new"]), "n": pl.Series([1, 2])})
    assert done.resource_attribute("host.name").to_list() == [None, None, "new"]
    assert done.resource_attribute("n", ValueKind.INT).to_list() == [1, 1, 2]
    assert done.resource_attribute("x").to_list() == [None, None, "1"]
    assert done.resource_attributes.get_column("owner").is_sorted()
    assert done.without_resource_attributes(["n", "x"]).resource_attributes.get_column("key").to_list() == ["host.name"]
    scoped = done.with_scope_attributes({"lib": pl.Series([True, None])})
    assert scoped.scope_attribute("lib", ValueKind.BOOL).to_list() == [True, True, None]
    assert scoped.without_scope_attributes(["lib"]).scope_attributes.is_empty()


def test_an_attribute_of_resources_needs_a_value_for_each() -> None:
    """As many as there are resources, not records."""
    with pytest.raises(ValueError, match="one value for each of the 1"):
        LogBatch.of({"body": ["a", "b"]}).with_resource_attributes({"k": pl.Series(["1", "2"])})
