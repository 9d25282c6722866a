"""`${…}` in values, as the OpenTelemetry Collector expands it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.settings.expand import Expansion, innermost
from collector.settings.tree import Place, plain
from collector.settings.yaml_reader import read_yaml

ENVIRON = {
    "HOST": "example.net",
    "PORT": "4317",
    "LIST": "[a, b]",
    "MAP": "{a: 1, b: {c: x}}",
    "ON": "true",
    "WHICH": "HOST",
    "EMPTY": "",
    "ZEROS": "007",
    "NESTED": "${env:HOST}",
    "COLON": "a: b: c",
    "DOLLARS": "pa$$word",
    "NULL": "null",
    "IN_MAP": "{a: '${env:PORT}'}",
}

CASES: dict[str, tuple[str, Any]] = {
    "env scheme": ("${env:HOST}", "example.net"),
    "default scheme is env": ("${HOST}", "example.net"),
    "whole value is typed": ("${env:PORT}", 4317),
    "whole value as boolean": ("${env:ON}", True),
    "whole value as list": ("${env:LIST}", ["a", "b"]),
    "whole value as map": ("${env:MAP}", {"a": 1, "b": {"c": "x"}}),
    "null as value": ("${env:NULL}", None),
    "inside text stays text": ("${env:HOST}:${env:PORT}", "example.net:4317"),
    "original text inside text": ("n${env:ZEROS}", "n007"),
    "map inside text as written": ("m=${env:MAP}", "m={a: 1, b: {c: x}}"),
    "nested name": ("${env:${env:WHICH}}", "example.net"),
    "value with an expression": ("${env:NESTED}", "example.net"),
    "value with an expression inside text": ("http://${env:NESTED}/", "http://example.net/"),
    "expression in an expanded map": ("${env:IN_MAP}", {"a": 4317}),
    "default when unset": ("${env:NOPE:-fallback}", "fallback"),
    "default with the short form": ("${NOPE:-fallback}", "fallback"),
    "default is typed": ("${env:NOPE:-5}", 5),
    "empty default": ("${env:NOPE:-}", ""),
    "default not used when set": ("${env:HOST:-fallback}", "example.net"),
    "default not used when empty": ("${env:EMPTY:-fallback}", ""),
    "default that is an expression": ("${env:NOPE:-${env:PORT}}", 4317),
    "default with a colon": ("${env:NOPE:-http://localhost:1}", "http://localhost:1"),
    "unset is null": ("${env:NOPE}", None),
    "unset inside text is empty": ("a${env:NOPE}b", "ab"),
    "set but empty": ("${env:EMPTY}", ""),
    "not YAML is text": ("${env:COLON}", "a: b: c"),
    "inline yaml": ("${yaml:[1, x]}", [1, "x"]),
    "escaped dollar": ("$${env:HOST}", "${env:HOST}"),
    "escaped dollar before an expression": ("$$${env:HOST}", "$example.net"),
    "twice escaped": ("$$$${env:HOST}", "$${env:HOST}"),
    "two dollars": ("a$$b", "a$b"),
    "dollars in a value": ("${env:DOLLARS}", "pa$word"),
    "naked variable stays": ("$HOST", "$HOST"),
    "unclosed stays": ("${env:HOST", "${env:HOST"),
    "capture group": ("$$1-$${2}", "$1-${2}"),
    "number is untouched": ("12", 12),
}


def expanded(text: str, environ: dict[str, str] = ENVIRON) -> tuple[Any, Expansion]:
    expansion = Expansion(environ)
    return plain(
        expansion.expand(read_yaml(f"value: {text}" if not text.startswith("$") else f"value: '{text}'", "f"))
    ), expansion


@pytest.mark.parametrize(("text", "value"), CASES.values(), ids=CASES)
def test_value_expands_to(text: str, value: Any) -> None:
    """One value in, one value out, without a problem."""
    got, expansion = expanded(text)
    assert (got, expansion.problems) == ({"value": value}, [])


def test_file_is_parsed_and_its_last_line_end_is_left_out(tmp_path: Path) -> None:
    """A secret in a file usually ends with a line end that nobody means."""
    (tmp_path / "port").write_text("4317\n")
    (tmp_path / "token").write_text("s3cret\n")
    assert expanded(f"${{file:{tmp_path}/port}}")[0] == {"value": 4317}
    assert expanded(f"Bearer ${{file:{tmp_path}/token}}")[0] == {"value": "Bearer s3cret"}


def test_unset_variable_is_noted_with_its_place() -> None:
    """An empty value where one was meant is worth a sentence, and may be the cause of others."""
    _, expansion = expanded("${env:NOPE}")
    assert expansion.unset == {Place("f", 1, 8): "NOPE"}


def test_values_remember_where_they_came_from() -> None:
    """What the environment gave is never shown, so it is marked, inside maps too."""
    root = Expansion(ENVIRON).expand(
        read_yaml("a: ${env:MAP}\nb: x${env:HOST}\nc: plain\nd: ${env:NOPE:-default}", "f")
    )
    entries = root.entries  # type: ignore[union-attr]
    inner = entries["a"].node.entries["a"].node  # type: ignore[union-attr]
    assert [inner.origin, *(entries[key].node.origin for key in "bcd")] == ["env:MAP", "env:HOST", "", ""]


def test_expressions_in_lists_and_keys() -> None:
    """Values of lists expand; keys stay as written."""
    root = Expansion(ENVIRON).expand(read_yaml("'${env:HOST}': ['${env:PORT}', {x: '${env:ON}'}]", "f"))
    assert plain(root) == {"${env:HOST}": [4317, {"x": True}]}


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a ${b} ${c}", "${b}"),
        ("${a${b}}", "${b}"),
        ("$${a} ${b}", "${b}"),
        ("}${a}", "${a}"),
        ("none", None),
        ("$${a}", None),
    ],
)
def test_innermost_expression(text: str, expression: str | None) -> None:
    """The innermost expression is found first; escaped ones never."""
    assert innermost(text) == expression


def test_a_hundred_expressions_are_enough() -> None:
    """A value that grows without end is refused, not followed."""
    environ = {"A": "${env:B}${env:B}", "B": "${env:A}${env:A}"}
    _, expansion = expanded("${env:A}", environ)
    assert [problem.code for problem in expansion.problems] == ["config/expansion"]


@pytest.mark.parametrize("value", ["['${env:A}']", "['${env:A}', '${env:A}']", "{a: '${env:A}', b: '${env:A}'}"])
def test_lists_and_maps_that_contain_themselves_are_refused(value: str) -> None:
    """One problem, and no exponential work."""
    _, expansion = expanded("${env:A}", {"A": value})
    assert [problem.code for problem in expansion.problems] == ["config/expansion"]
