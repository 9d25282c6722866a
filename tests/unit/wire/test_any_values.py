"""Python values as AnyValues: what cannot be said in one is still no error."""

from __future__ import annotations

import json

import pytest

from collector.testing.row_batch import Nested, Row, batch_of
from otlp_wire import any_from_python, any_to_python, decode_payloads, encode


def nested(wrap, depth):
    value = "x"
    for _ in range(depth):
        value = wrap(value)
    return value


WRAPS = {"map": lambda value: {"a": value}, "array": lambda value: [value]}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("depth", [29, 30, 31, 100, 250])
def test_what_is_nested_too_deep_for_protobuf_ends_as_its_json(wrap, depth):
    """Thirty levels are values, the rest is text; as an attribute and as a body it can be encoded and read back."""
    data = any_from_python(nested(wrap, depth))
    rest = nested(wrap, depth - 30)
    inner = rest if depth <= 30 else json.dumps(rest, separators=(",", ":"))
    assert any_to_python(data) == nested(lambda value: wrap(value) if value != "x" else wrap(inner), min(depth, 30))
    batch = batch_of([Row("a", [("k", Nested(data))], fields={"body": None, "body_any": data})])
    assert len(decode_payloads([encode(batch)])) == 1


@pytest.mark.parametrize(
    "hostile", [nested(WRAPS["map"], 900), nested(WRAPS["array"], 28) * 3 + [nested(WRAPS["map"], 300)]]
)
def test_what_json_cannot_hold_either(hostile):
    """A word stands in its place."""
    assert b"nested too deeply" in any_from_python(hostile)


@pytest.mark.parametrize(("value", "text"), [(2**63, str(2**63)), (-(2**63) - 1, str(-(2**63) - 1)), ("\ud800", "?")])
def test_what_has_no_place_becomes_text(value, text):
    """Integers beyond 64 bits; half of a character."""
    assert any_to_python(any_from_python({"k": [value]})) == {"k": [text]}
