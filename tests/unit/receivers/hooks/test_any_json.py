"""Whatever JSON a system sends, signed and all: it is taken, it is nothing, or it is refused in words. Nothing else happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.control.record import ControlRecord
from collector.errors import InvalidPayload
from collector.receivers.alertmanager.config import AlertmanagerReceiverConfig
from collector.receivers.alertmanager.events import reader
from collector.receivers.alertmanager.posted import posted
from collector.receivers.alertmanager.silences import wanted
from collector.receivers.hooks.github_issues import GithubIssuesHook
from collector.receivers.hooks.hook import BadHook, Hook
from collector.receivers.hooks.jira import JiraHook
from collector.receivers.hooks.jsm import JsmHook
from collector.receivers.hooks.pagerduty import PagerdutyHook
from collector.receivers.hooks.servicenow import ServicenowHook
from counterparts.examples import examples

NOW = 1_772_366_400
HOOKS = {each.vendor: each for each in (GithubIssuesHook, JiraHook, JsmHook, PagerdutyHook, ServicenowHook)}
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["2026-03-01T11:59:30Z", "0" * 32, f"logboom-{'0' * 16}", "done", "x" * 9000]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
PAYLOADS = {name: json.loads((Path(__file__).parent / "payloads" / f"{name}.json").read_text()) for name in HOOKS}


def paths(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(path for key, each in inside for path in paths(each, (*way, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a place."""
    if not path:
        return value
    copy = list(document) if isinstance(document, list) else dict(document)
    copy[path[0]] = changed(document[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("vendor", sorted(HOOKS))
@settings(max_examples=examples(60))
@given(st.data())
def test_hooks(vendor: str, data: st.DataObject) -> None:
    hook = HOOKS[vendor]([], now=lambda: float(NOW))
    document = PAYLOADS[vendor]
    for _ in range(data.draw(st.integers(1, 3))):
        document = changed(document, data.draw(st.sampled_from(paths(document))), data.draw(JSON))
    sent = Hook(json.dumps(document).encode(), {}.get, "a.com", "", "")
    hook.check = lambda _: None  # type: ignore[method-assign]
    try:
        order = hook.command(sent)
    except BadHook:
        return
    if order is not None:
        records = [order.record, *order.then({"logboom.alert.issues": "a,b"})]
        assert all(isinstance(each, ControlRecord) for each in records)
        assert len({each.id for each in records}) == len(records)


@settings(max_examples=examples(100))
@given(
    JSON
    | st.lists(
        st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("labels", "annotations", "startsAt", "endsAt", "generatorURL"), JSON)
        ),
        max_size=3,
    )
)
def test_posted_alerts(document: Any) -> None:
    body = json.dumps(document).encode()
    try:
        good, bad = posted(body, NOW * 10**9, 300 * 10**9)
    except InvalidPayload:
        return
    assert len(good) + len(bad) == len(document)
    if good:
        assert reader(AlertmanagerReceiverConfig(), good, NOW * 10**9)(body).records == len(good)


@settings(max_examples=examples(60))
@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("matchers", "startsAt", "endsAt", "createdBy", "comment", "id"), JSON)
    )
    | JSON
)
def test_silences(document: Any) -> None:
    try:
        record, _ = wanted(json.dumps(document).encode(), "a.com", "ops", NOW * 10**9)
    except InvalidPayload:
        return
    assert record.domain == "a.com"
