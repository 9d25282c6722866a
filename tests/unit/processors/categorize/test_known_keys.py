"""Which known keys an object has: as asking for each of them says, in the order of preference."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.lines.envelopes import at
from processors.categorize.known_keys import Present, known

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


def test_a_name_with_dots_goes_before_nested_ones() -> None:
    nested = {"req": {"url": "/nested"}, "req.url": "/flat"}
    assert known(nested).values["req.url"] == "/flat"
    assert known({"req.url": "/flat", "req": {"url": "/nested"}}).values["req.url"] == "/flat"
    assert known({"event": {"request": {"url": "/deep"}}}).present.paths == ("event.request.url",)
