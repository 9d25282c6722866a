"""A plan writes the same bytes as the mapper, of every record that it takes; what it does not take, the mapper does."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.receivers.json.loggers import read_logs
from collector.receivers.json.mapping import Mapper
from collector.receivers.json.shapes import LOGS
from collector.receivers.json.taking import Taking
from counterparts.examples import examples

MAPPER = Mapper(LOGS)
KNOWN = sorted(
    {key for keys in (*LOGS.slots.values(), *LOGS.resource.values(), *LOGS.attributes.values()) for key in keys}
)
KEYS = st.sampled_from([*KNOWN, "error", "user_id", "x", "ä", "http", "", "logs", "k" * 300])
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["info", "2026-11-29T10:11:12.5Z", "0af7651916cd43dd8448eb211c80319c", "", "\ud800", "x" * 3000]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(1 << 65), 1 << 65), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=2)),
    max_leaves=4,
)


@settings(max_examples=examples(400))
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=7), min_size=1, max_size=3))
def test_the_same_bytes(records: list[dict[str, Any]]) -> None:
    """Twice each: the first meets a form, the second has its plan, and heads that are remembered."""
    plans = MAPPER.plans(frozenset(["logs"]))
    for record in [*records, *records]:
        plan = plans.of(record)
        written = plan.record(record) if plan is not None else None
        assert written is None or written == MAPPER.record(record)


ORDINARY: dict[str, tuple[dict[str, Any], bool]] = {
    "a logger's": ({"time": 1764411072, "level": "info", "msg": "x", "service": "shop", "user": 7, "ok": True}, True),
    "two times": ({"time": 1764411072, "timestamp": 1764411072, "msg": "x"}, False),
    "both ways to say the trace": ({"traceparent": "x", "trace_id": "y"}, False),
    "a wrapper": ({"logs": [{"msg": "x"}], "msg": "y"}, False),
    "a level that is none": ({"level": None, "msg": "x"}, False),
    "members of its own": ({"msg": "x", "error": {"type": "E"}}, False),
    "an object": ({"msg": "x", "request": {"path": "/"}}, True),
    "more keys than there may be": ({f"k{number}": number for number in range(1025)}, False),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_which_records_have_one(name: str) -> None:
    record, has = ORDINARY[name]
    plan = MAPPER.plans(frozenset(["logs"])).of(record)
    assert (plan is not None and plan.record(record) is not None) == has


def test_thousands_of_forms_are_forgotten() -> None:
    plans = MAPPER.plans(frozenset())
    for number in range(3000):
        assert plans.of({f"k{number}": 1}) is not None
    assert len(plans._made) <= 512


def test_a_body_of_both() -> None:
    """In the order in which they came, in the groups of their resources."""
    taking = Taking()
    lines = [{"msg": "a", "service": "s"}, {"msg": "b", "message": "c", "service": "s"}, {"msg": "d", "service": "s"}]
    read_logs(taking, b"\n".join(map(orjson.dumps, lines)))
    assert taking.records == 3
    assert len(taking._groups) == 1
