"""Whatever is in a configuration, `load` answers with settings or with problems, and `render` can show them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.errors import ConfigError
from collector.settings import load, render
from collector.testing.sample_components import sample_registry
from counterparts.examples import examples

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "errors").glob("*.yaml"))
REGISTRY = sample_registry()
WORDS = st.sampled_from(
    [
        "receivers",
        "processors",
        "exporters",
        "connectors",
        "extensions",
        "service",
        "pipelines",
        "telemetry",
        "logs",
        "metrics",
        "source",
        "sink",
        "debug",
        "bridge",
        "filter",
        "endpoint",
        "tls",
        "headers",
        "timeout",
        "sending_queue",
        "batch",
        "readers",
        "logs/a",
        "traces",
        "${env:A}",
        "$${x}",
        "a::b",
        "/",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=40,
)


def answer(text: str) -> None:
    try:
        load([f"yaml:{text}"], registry=REGISTRY, environ={"A": "[1, {b: '${env:A}'}]"})
    except ConfigError as refused:
        problems = refused.problems
    else:
        return
    assert problems
    assert render(problems)


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_any_values(value: Any) -> None:
    """Of any shape, with the words of a configuration in them."""
    answer(yaml.safe_dump(value, allow_unicode=True))


@pytest.mark.slow
@settings(max_examples=examples(150))
@given(st.sampled_from(GOLDEN), st.data())
def test_damaged_text(file: Path, data: st.DataObject) -> None:
    """A piece cut out, a piece put in."""
    text = file.read_text()[:4000]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    answer(text[:start] + data.draw(st.text(max_size=4)) + text[end:])
