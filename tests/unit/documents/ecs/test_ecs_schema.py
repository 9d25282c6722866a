"""Every field of a document for Elastic Security is one of the published schema and of its type, or a label."""

from __future__ import annotations

import ipaddress
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.batch import LogBatch
from collector.documents.ecs import ecs_json
from collector.documents.ecs.schema import FIELDS, LISTED, RENAMED, VERSION, Kind, name_of
from collector.testing.row_batch import Nested, Row, batch_of
from counterparts.examples import examples
from otlp_wire import any_from_python

SCHEMA = json.loads((Path(__file__).parent / "ecs_8_17_0.json").read_text())
PUBLISHED = SCHEMA["fields"]
TYPES = {
    Kind.TEXT: {"keyword", "wildcard", "match_only_text", "constant_keyword"},
    Kind.INTEGER: {"long"},
    Kind.NUMBER: {"float"},
    Kind.BOOLEAN: {"boolean"},
    Kind.ADDRESS: {"ip"},
    Kind.DATE: {"date"},
}


def scalar_fits(type_: str, value: Any) -> bool:
    """Whether Elasticsearch takes the value for a field of that type; stricter than it is about text."""
    match type_:
        case "long":
            return type(value) is int and -(2**63) <= value < 2**63
        case "float" | "scaled_float":
            return type(value) in (int, float)
        case "boolean":
            return type(value) is bool
        case "ip":
            return isinstance(value, str) and "%" not in value and bool(ipaddress.ip_address(value))
        case "date":
            return isinstance(value, str) and bool(datetime.fromisoformat(value))
        case _:
            return isinstance(value, str)


def leaves(node: Any, path: str = "") -> list[tuple[str, Any]]:
    """(dotted path, value) of everything that is no object."""
    if not isinstance(node, dict):
        return [(path, node)]
    assert all(key.strip() for key in node), f"an empty name below {path!r}"
    return [leaf for key, item in node.items() for leaf in leaves(item, f"{path}.{key}" if path else key)]


def check(document: dict[str, Any]) -> None:
    """Raises for what is not of the schema."""
    for path, value in leaves({key: item for key, item in document.items() if key != "labels"}):
        assert path in PUBLISHED, path
        field = PUBLISHED[path]
        items = value if isinstance(value, list) else [value]
        if isinstance(value, list) and field["type"] in TYPES[Kind.TEXT]:
            assert not any(isinstance(item, list | dict) for item in items), path  # scalars become texts
        else:
            assert all(scalar_fits(field["type"], item) for item in items), (path, value)
        assert not field.get("allowed") or set(items) <= set(field["allowed"]), (path, value)
    for key, value in document.get("labels", {}).items():
        assert key.strip(), key
        assert "." not in key, key
        assert (
            all(isinstance(item, str | int | float | bool) or item is None for item in value)
            if isinstance(value, list)
            else isinstance(value, str)
        ), (key, value)
    expected = {name for category in document["event"].get("category", []) for name in expected_types(category)}
    assert not expected or set(document["event"]["type"]) <= expected, document["event"]


def expected_types(category: str) -> list[str]:
    return PUBLISHED["event.category"]["allowed"][category]


def said(*attributes: tuple[str, Any], derived: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """The document of one record."""
    batch = batch_of([Row("0" * 26, attributes, fields=fields)])
    return one(batch.with_attributes({key: pl.Series([value]) for key, value in (derived or {}).items()}))


def one(batch: LogBatch) -> dict[str, Any]:
    [text] = ecs_json(batch)
    document = json.loads(text)
    check(document)
    return document


def at(document: dict[str, Any], path: str) -> Any:
    return dict(leaves(document)).get(path)


@pytest.mark.parametrize("name", FIELDS)
def test_our_fields_are_the_schemas(name):
    """Each field that an attribute can fill is published, and of the type we take it for."""
    assert PUBLISHED[name]["type"] in TYPES[FIELDS[name]]


def test_our_lists_are_the_schemas():
    """Lists of values are complete, for fields that have one."""
    assert SCHEMA["version"] == VERSION
    with_list = {name: set(PUBLISHED[name]["allowed"]) for name in FIELDS if PUBLISHED[name].get("allowed")}
    assert with_list == {name: set(values) for name, values in LISTED.items()}


@pytest.mark.parametrize("attribute", RENAMED)
def test_attributes_get_published_names(attribute):
    """A conventional attribute is a field, or a label on purpose."""
    name = name_of(attribute)
    assert name in PUBLISHED or name.startswith("labels.")


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(
        ["10.0.0.1", "::1", "fe80::1%eth0", "256.1.1.1", "080", "-0", "443", "1e9", "true", "alert", "web", "[", '["a"]',
         "2024-02-30T00:00:00Z", "2024-02-29T23:59:59.123456789Z", "2024-02-29"]
    ),
)  # fmt: skip
NESTED = st.recursive(
    st.one_of(TEXTS, st.integers(-5, 5), st.booleans(), st.none(), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "ip", "x.y"]), inner, max_size=2)),
    max_leaves=4,
)  # fmt: skip
VALUES = st.one_of(
    TEXTS, st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(), st.none(), st.binary(max_size=4),
    NESTED.filter(lambda value: isinstance(value, list | dict)).map(lambda value: Nested(any_from_python(value))),
)  # fmt: skip
KEYS = st.one_of(
    st.sampled_from([*FIELDS, *RENAMED, "user", "http", "", ".", "labels", "labels.a", "net.peer.ip", "net.peer.port"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
ATTRIBUTES = st.lists(st.tuples(KEYS, VALUES), max_size=6)


@pytest.mark.slow
@settings(max_examples=examples(250))
@given(st.lists(st.tuples(ATTRIBUTES, ATTRIBUTES, ATTRIBUTES), min_size=1, max_size=4))
def test_whatever_is_sent_fits_the_schema(sent):
    """No attribute of any name and value, at any level, makes a document that Elasticsearch would refuse."""
    rows = [Row(f"{n:026d}", own, resource, ("s", "1", scope)) for n, (own, resource, scope) in enumerate(sent)]
    for text in ecs_json(batch_of(rows)):
        check(json.loads(text))


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    st.dictionaries(
        KEYS, st.one_of(TEXTS, st.integers(-9, 9), st.booleans(), st.floats(), st.binary(max_size=3)), max_size=5
    )
)
def test_what_processors_set_fits_the_schema(columns):
    """The same for derived columns."""
    batch = batch_of([Row("0" * 26)])
    one(batch.with_attributes({key: pl.Series([value]) for key, value in columns.items()}))
