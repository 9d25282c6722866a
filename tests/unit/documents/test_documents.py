"""JSON documents from columns say the same as Python's json module does, value for value."""

from __future__ import annotations

import base64
import json
import math
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from collector.batch import LogBatch
from collector.documents import attributes_json, cut, quoted, resource_json, scope_json
from collector.documents.json_text import EMBEDDED
from collector.testing.row_batch import Nested, Row, batch_of
from counterparts.examples import examples

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.one_of(
    st.none(),
    TEXT,
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(),
    st.binary(max_size=9),
)
KEYS = st.one_of(st.sampled_from(["a", "b", "http.route", '"', "\\", "\n", "ключ", ""]), TEXT)
OWNERS = st.lists(st.lists(st.tuples(KEYS, VALUES), max_size=6), min_size=1, max_size=5)


def plain(value: Any) -> Any:
    """The value as the documents should show it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dict in which the first value of a repeated key stays."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        result.setdefault(key, plain(value))
    return result


def exact(value: Any) -> Any:
    """Comparable, and stricter than ==: 1, 1.0 and True differ, so do 0.0 and -0.0."""
    return {key: (type(item).__name__, repr(item)) for key, item in value.items()}


def loads(text: str) -> Any:
    """Python's reader, refusing NaN and Infinity as bare words, and repeated keys."""

    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is not JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once)


@pytest.mark.slow
@given(OWNERS)
@example(
    [[("k", float("nan")), ("k", 1)], [], [("k", 1 << 62), ("x", -0.0), ("y", 5e-324), ("z", 1.7976931348623157e308)]]
)
@example([[(f"key{n % 40}", n) for n in range(80)], [("only", "one")]])
@settings(max_examples=examples(300))
def test_attributes_equal_pythons_json(owners: list[list[tuple[str, Any]]]) -> None:
    """Keys, values, types and order survive; the first of a repeated key wins; no attributes give {}."""
    batch = batch_of([Row(f"id{at}", own) for at, own in enumerate(owners)])
    read = [loads(text) for text in attributes_json(batch)]
    wanted = [first_wins(own) for own in owners]
    assert [exact(item) for item in read] == [exact(item) for item in wanted]
    assert [list(item) for item in read] == [list(item) for item in wanted]


def test_ids_as_keys() -> None:
    """As many keys as attributes."""
    owners = [[(f'id"{at}', at), (f"name{at}", f"{at}")] for at in range(600)]
    batch = batch_of([Row(f"id{at}", own) for at, own in enumerate(owners)])
    assert [loads(text) for text in attributes_json(batch)] == [dict(own) for own in owners]


@pytest.mark.slow
@given(OWNERS)
@settings(max_examples=examples(60))
def test_resources_and_scopes_are_those_of_each_record(owners: list[list[tuple[str, Any]]]) -> None:
    """Records in any order and number share the objects of their resource and scope."""
    batch = batch_of([Row(f"id{at}", resource=own, scope=("s", "1", own)) for at, own in enumerate(owners)])
    backwards = pl.Series(list(range(len(owners)))[::-1], dtype=pl.UInt32)
    batch = batch.with_fields({"resource": backwards, "scope": backwards})
    wanted = [exact(first_wins(own)) for own in reversed(owners)]
    assert [exact(loads(text)) for text in resource_json(batch)] == wanted
    assert [exact(loads(text)) for text in scope_json(batch)] == wanted


@pytest.mark.slow
@given(st.lists(st.one_of(st.none(), TEXT), max_size=8))
def test_quoted_strings_read_back(texts: list[str | None]) -> None:
    """Any text reads back the same; null stays null."""
    result = quoted(pl.Series(texts, dtype=pl.String)).to_list()
    assert [None if text is None else json.loads(text) for text in result] == texts


@pytest.mark.parametrize("code", [*range(0x20), 0x22, 0x5C, 0x7F, 0x2028, 0x1F600], ids=hex)
def test_every_character_that_matters(code: int) -> None:
    """Control characters, quotes, backslashes, line separators and characters beyond the BMP, in keys and values."""
    text = f"a{chr(code)}b"
    (document,) = attributes_json(batch_of([Row("id", [(text, text)])]))
    assert loads(document) == {text: text}
    assert document.isprintable() or code in (0x7F, 0x2028)


def derived(batch: LogBatch) -> LogBatch:
    return batch.with_attributes(
        {
            "text": pl.Series(['say "hi"', None]),
            "whole": pl.Series([None, 7]),
            "flag": pl.Series([True, None]),
            "part": pl.Series([0.1, float("inf")]),
            "bytes": pl.Series([b"\x00\xff", None]),
        }
    )


def test_derived_columns_follow_the_records_own_attributes() -> None:
    """Null leaves a derived attribute out; a derived one replaces the sender's of the same key."""
    batch = derived(batch_of([Row("a", [("own", 1), ("whole", "sent")]), Row("b")]))
    first, second = (loads(text) for text in attributes_json(batch))
    assert list(first.items()) == [("own", 1), ("text", 'say "hi"'), ("flag", True), ("part", 0.1), ("bytes", "AP8=")]
    assert list(second.items()) == [("whole", 7), ("part", "Infinity")]


def test_left_out_keys_are_gone_whether_sent_or_derived() -> None:
    """`without` reaches both, and a record that has nothing else has {}."""
    batch = derived(batch_of([Row("a", [("own", 1), ("gone", 2)]), Row("b", [("gone", 3)])]))
    kept = [loads(text) for text in attributes_json(batch, without={"gone", "text", "whole", "part", "bytes"})]
    assert kept == [{"own": 1, "flag": True}, {}]


@pytest.mark.slow
@given(OWNERS, st.randoms(use_true_random=False))
@settings(max_examples=examples(60))
def test_the_order_of_owners_in_the_table_does_not_matter(
    owners: list[list[tuple[str, Any]]], random: random.Random
) -> None:
    """Edits append attributes at the end of the table: they belong to their record all the same, after its others."""
    batch = batch_of([Row(f"id{at}", own) for at, own in enumerate(owners)])
    order = list(range(batch.attributes.height))
    random.shuffle(order)
    shuffled = LogBatch(batch.records, batch.attributes[order] if order else batch.attributes)
    pairs = [(at, pair) for at, own in enumerate(owners) for pair in own]
    wanted = [first_wins([pairs[n][1] for n in order if pairs[n][0] == at]) for at in range(len(owners))]
    assert [exact(loads(text)) for text in attributes_json(shuffled)] == [exact(item) for item in wanted]


def test_a_slice_has_its_own_records_documents() -> None:
    """Columns that are parts of larger buffers are read from their own place."""
    batch = batch_of([Row(f"id{n}", [("n", n), ("s", f"v{n}")], resource=[("r", n)]) for n in range(50)])
    part = batch.slice(20, 5)
    assert [loads(text) for text in attributes_json(part)] == [{"n": n, "s": f"v{n}"} for n in range(20, 25)]
    assert [loads(text) for text in resource_json(part)] == [{"r": n} for n in range(20, 25)]


def test_a_value_that_is_missing_where_its_kind_says_it_is_becomes_null() -> None:
    """A damaged table gives a valid document all the same."""
    batch = batch_of([Row("a", [("s", "x"), ("n", 1)])])
    holes = batch.attributes.with_columns(string=pl.lit(None, pl.String))
    (document,) = attributes_json(LogBatch(batch.records, holes))
    assert loads(document) == {"s": None, "n": 1}


def test_no_records_no_documents() -> None:
    """A batch of zero records is not a special case."""
    empty = LogBatch.empty()
    assert [len(column) for column in (attributes_json(empty), resource_json(empty), scope_json(empty))] == [0, 0, 0]


def nested(value: Any) -> AnyValue:
    """Python values as an AnyValue, which ints, strings, booleans, lists and dicts cover here."""
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case str():
            return AnyValue(string_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[nested(item) for item in value]))
        case _:
            pairs = [KeyValue(key=key, value=nested(item)) for key, item in value.items()]
            return AnyValue(kvlist_value=KeyValueList(values=pairs))


def test_nested_values_stand_as_json_among_the_others() -> None:
    """Arrays and maps, beside scalars of the same record and of others."""
    value = {"list": [1, "two", {"three": True}], "empty": [], "quote": '"'}
    attributes = [("before", 1), ("deep", Nested(nested(value).SerializeToString())), ("after", "x")]
    first, second = attributes_json(batch_of([Row("a", attributes), Row("b", [("k", 0.5)])]))
    assert loads(first) == {"before": 1, "deep": value, "after": "x"}
    assert loads(second) == {"k": 0.5}


REPEATED = {
    "strings": ["a", 'b"', None, ""],
    "numbers": [1, None, -1, 1],
    "zeros": [0.0, -0.0, None, 0.0],
    "a\x00b": [True, False, None, True],
}


@pytest.mark.parametrize("keys", [["strings"], ["strings", "numbers", "a\x00b"], list(REPEATED)])
def test_derived_columns_that_repeat(keys):
    """What many records share is written once and is what each of them says, of whatever type and name."""
    rows = [Row(f"{at:03d}", [("own", at)]) for at in range(40)]
    columns = {key: REPEATED[key] * 10 for key in keys}
    batch = batch_of(rows).with_attributes({key: pl.Series(values) for key, values in columns.items()})
    for at, text in enumerate(attributes_json(batch)):
        said = {key: values[at] for key, values in columns.items() if values[at] is not None}
        assert exact(loads(text)) == exact({"own": at, **said})


@pytest.mark.slow
@given(OWNERS)
@settings(max_examples=examples(50))
def test_documents_for_a_place_inside_a_string(owners):
    """`EMBEDDED` is what one more round of escaping would have made."""
    batch = batch_of([Row(f"{at:03d}", attributes) for at, attributes in enumerate(owners)])
    for plain_text, embedded in zip(attributes_json(batch), attributes_json(batch, style=EMBEDDED), strict=True):
        assert json.loads(f'"{embedded}"') == plain_text


def test_a_text_that_was_quoted_or_cut_is_still_what_it_was():
    """Who asks for the JSON of a text, or for its beginning, may go on working with the text."""
    text = pl.Series(["\n", "plain", "long" * 9])
    assert quoted(text).to_list() == ['"\\n"', '"plain"', '"' + "long" * 9 + '"']
    assert cut(text, 5)[0].to_list() == ["\n", "plain", "longl"]
    assert text.to_list() == ["\n", "plain", "long" * 9]
