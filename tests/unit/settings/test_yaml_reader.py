"""YAML as the OpenTelemetry Collector's library reads it, with the place of every value."""

from __future__ import annotations

from typing import Any

import pytest

from collector.settings.tree import Mapping, merge, plain
from collector.settings.yaml_reader import MAX_NODES, Unreadable, read_yaml

SCALARS: dict[str, Any] = {
    "yes": "yes",
    "no": "no",
    "on": "on",
    "true": True,
    "False": False,
    "null": None,
    "~": None,
    "": None,
    "12": 12,
    "-3": -3,
    "+3": 3,
    "0": 0,
    "0755": 493,
    "0o755": 493,
    "0x1F": 31,
    "1_000": 1000,
    "08": 8.0,
    "1.5": 1.5,
    "1e3": 1000.0,
    ".5": 0.5,
    "-.inf": float("-inf"),
    "1.2.3": "1.2.3",
    "12:30:45": "12:30:45",
    "2024-01-02": "2024-01-02",
    "30s": "30s",
    "'12'": "12",
    '"true"': "true",
}


@pytest.mark.parametrize(("written", "value"), SCALARS.items(), ids=repr)
def test_scalar_is(written: str, value: Any) -> None:
    """Plain scalars resolve by the core schema; quoted ones are text."""
    assert plain(read_yaml(f"a: {written}", "f")) == {"a": value}


def test_every_key_and_value_has_its_place() -> None:
    """Line and column count from 1."""
    root = read_yaml("a:\n  - b: c\n    dd: [1, 22]\n", "f.yaml")
    assert isinstance(root, Mapping)
    assert root.entries["a"].place == ("f.yaml", 1, 1)
    inner = root.entries["a"].node.items[0].entries["dd"]  # type: ignore[union-attr]
    assert (inner.place, inner.node.items[1].place) == (("f.yaml", 3, 5), ("f.yaml", 3, 13))


def test_anchors_and_merge_keys() -> None:
    """`<<` brings in what is not written; the first of several wins."""
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\none: {<<: *b, x: 5}\ntwo: {<<: [*b, *m]}\n"
    root = plain(read_yaml(text, "f"))
    assert (root["one"], root["two"]) == ({"x": 5, "y": 2}, {"x": 1, "y": 2, "z": 4})


@pytest.mark.slow
def test_anchors_that_multiply_are_refused() -> None:
    """A few lines must not become gigabytes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    with pytest.raises(Unreadable, match=str(MAX_NODES)):
        read_yaml("\n".join(lines), "f")


def test_all_duplicate_keys_are_told() -> None:
    """Not just the first one."""
    with pytest.raises(Unreadable) as refused:
        read_yaml("a: 1\na: 2\nb: {c: 1, c: 2}\n", "f")
    assert [(problem.line, problem.code) for problem in refused.value.problems] == [
        (2, "config/duplicate-key"),
        (3, "config/duplicate-key"),
    ]


@pytest.mark.parametrize("text", ["a: b: c", "a: [1", "a: *x", "\ta: 1", "a: 'x", "? [a]\n: b", "\x00", "a: \x07"])
def test_what_is_not_yaml_is_a_problem_not_a_crash(text: str) -> None:
    """Each has a place and the code of a syntax error."""
    with pytest.raises(Unreadable) as refused:
        read_yaml(text, "f")
    assert {problem.code for problem in refused.value.problems} == {"config/syntax"}


MERGES: dict[str, tuple[str, str, Any]] = {
    "maps merge deeply": ("a: {b: 1, c: {d: 2}}", "a: {c: {e: 3}}", {"a": {"b": 1, "c": {"d": 2, "e": 3}}}),
    "lists are replaced": ("a: [1, 2]", "a: [3]", {"a": [3]}),
    "scalars are replaced": ("a: 1", "a: 2", {"a": 2}),
    "null removes a map's content": ("a: {b: 1}", "a:", {"a": None}),
    "an empty map keeps it": ("a: {b: 1}", "a: {}", {"a": {"b": 1}}),
    "a map replaces a scalar": ("a: 1", "a: {b: 1}", {"a": {"b": 1}}),
    "what is new is added": ("a: 1", "b: 2", {"a": 1, "b": 2}),
}


@pytest.mark.parametrize(("earlier", "later", "merged"), MERGES.values(), ids=MERGES)
def test_merging(earlier: str, later: str, merged: Any) -> None:
    """Later wins, and keeps its own places."""
    assert plain(merge(read_yaml(earlier, "1"), read_yaml(later, "2"))) == merged
