"""Whatever a sender writes into the fields that are looked at, no record is lost and nothing raises."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from counterparts.examples import examples
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import _KEYS, _RESOURCE_KEYS, Categorize
from processors.triage.config import TriageConfig
from processors.triage.processor import LEVEL, Triage

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "/api/users/1",
            "https://[x",
            "ERROR connection refused",
            "panic: x\ngoroutine 1 [running]:",
            "\n    at f (a.js:1:1)",
            "Traceback (most recent call last):\n",
            '{"level": "warn", "n": [1, {"a": null}]}',
            '{"level":',
            "a=1 level=error",
            "<999>x",
            "\x00",
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)
RECORDS = st.fixed_dictionaries(
    {
        "body": VALUES,
        "severity": st.integers(0, 24),
        "severity_text": TEXTS,
        "scope": TEXTS,
        "event_name": TEXTS,
        "attributes": st.dictionaries(st.sampled_from([*sorted(set(_KEYS)), "logboom.error_type"]), VALUES, max_size=5),
        "resource": st.dictionaries(st.sampled_from(sorted(set(_RESOURCE_KEYS))), VALUES, max_size=4),
    }
)


@cache
def _processors() -> tuple[Categorize, Triage]:
    context = Context("any", Path())
    categorize = Categorize(CategorizeConfig(parse_bodies=["json", "logfmt"]), context)
    return categorize, Triage(TriageConfig(), context)


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(st.lists(RECORDS, min_size=1, max_size=20))
def test_any_batch_comes_out_whole(samples: list[dict[str, Any]]) -> None:
    before = batch_of(samples)
    after = before
    for processor in _processors():
        after = processor.process(after, FakeWork())
    unchanged = ["record_id", "body", "body_any", "severity_text", "resource", "scope", "payload"]
    assert after.records.select(unchanged).equals(before.records.select(unchanged))
    assert set(after.attribute(LEVEL).to_list()) <= {"critical", "warning", "info", "debug"}
    sent = after.column("severity_number").to_list()
    assert [new for new, old in zip(sent, before.column("severity_number"), strict=True) if old] == [
        old for old in before.column("severity_number").to_list() if old
    ]
    for processor in _processors():
        processor.explain(after.slice(0, 1))
