"""Which known keys an object has: as asking for each of them says, in the order of preference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.batch import ValueKind
from collector.component import Context
from collector.lines.envelopes import at
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.categorize import status
from processors.categorize.config import CategorizeConfig
from processors.categorize.fields import read
from processors.categorize.known_keys import STATUSES, Present, known
from processors.categorize.processor import Categorize

KEYS = sorted({key for group in Present() for key in group})
NAMES = sorted({part for key in KEYS for part in (key, key.partition(".")[0], key.partition(".")[2]) if part})
OBJECTS = st.recursive(
    st.none() | st.integers(0, 3) | st.text(max_size=2),
    lambda inner: st.dictionaries(st.sampled_from([*NAMES, "other"]), inner, max_size=6),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*NAMES, "other"]), OBJECTS, max_size=8))
def test_values_are_those_that_asking_for_each_key_finds(document: dict[str, Any]) -> None:
    found = known(document)
    assert {key: found.values.get(key) for key in KEYS} == {key: at(document, key) for key in KEYS}
    for present, group in zip(found.present, Present(), strict=True):
        assert [key for key in group if at(document, key) is not None] == [
            key for key in present if found.values[key] is not None
        ]


VALUES = st.recursive(
    st.sampled_from(
        [None, True, False, 0, 17, 503, 1.5, "", "E", "error", "GET /a HTTP/1.1", "/a", "TypeError", "a\nb"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=6,
)
BESIDE = (
    *("s", "c", "msg", "ctx", "t", "outcome", "logs", "event", "kind", "reason", "type", "involvedObject", "EventID"),
    *("Channel", "@t", "@m", "errorType", "errorMessage", "name", "asctime", "channel", "MESSAGE", "short_message"),
)


@given(st.dictionaries(st.sampled_from([*NAMES, *BESIDE]), VALUES, max_size=10))
def test_an_object_of_any_values_is_read(document: dict[str, Any]) -> None:
    """Whatever stands under a known key: reading it ends, with texts or nothing."""
    assert all(value is None or isinstance(value, str) for value in read(document))


@given(st.sampled_from([True, False, None, 5, ["E"], {"E": 1}]))
def test_what_looks_like_a_line_of_mongodb_and_is_none(value: Any) -> None:
    assert read({"s": value, "c": "NETWORK", "msg": "x"}).severity is None


def test_a_name_with_dots_goes_before_nested_ones() -> None:
    nested = {"req": {"url": "/nested"}, "req.url": "/flat"}
    assert known(nested).values["req.url"] == "/flat"
    assert known({"req.url": "/flat", "req": {"url": "/nested"}}).values["req.url"] == "/flat"
    assert known({"event": {"request": {"url": "/deep"}}}).present.paths == ("event.request.url",)


@pytest.mark.parametrize("key", [key for key in STATUSES if key not in (*status.MAPS, status.STANDARD)])
def test_what_is_a_status_in_a_json_body_is_one_as_an_attribute(key: str) -> None:
    """One list of names for both."""
    batch = batch_of([{"body": "x", "severity": "INFO", "attributes": {key: 503}}])
    found = Categorize(CategorizeConfig(), Context("categorize", Path())).process(batch, FakeWork())
    assert found.attribute(status.ATTRIBUTE, ValueKind.INT).to_list() == [503]
