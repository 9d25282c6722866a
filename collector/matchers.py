"""Matchers, as Alertmanager writes them: `level="critical"`, `service=~"shop|cart"`, `{a="b", c!="d"}`.

Source: Alertmanager, `pkg/labels` and `matcher/parse`: four operators, expressions anchored at both ends, an absent label is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

_PLAIN = r"""[^\s{}!=~,\\"'`]+"""
_NAME = re.compile(_PLAIN)
_ONE = re.compile(
    rf"""\s*(?P<name>"(?:[^"\\]|\\.)*"|{_PLAIN})\s*(?P<op>=~|!~|!=|=)\s*(?P<value>"(?:[^"\\]|\\.)*"|[^,}}"]*?)\s*(?:,|$)"""
)
_ESCAPED = re.compile(r"\\(.)")
_NEGATED = {"!=", "!~"}


@dataclass(frozen=True, slots=True)
class Matcher:
    """Asks one label. Hashable, so that answers can be remembered."""

    name: str
    op: str
    value: str
    _pattern: Any = None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a set of labels is meant."""
        value = labels.get(self.name, "")
        same = value == self.value if self._pattern is None else self._pattern.fullmatch(value) is not None
        return same != (self.op in _NEGATED)

    def __str__(self) -> str:
        name = self.name if _NAME.fullmatch(self.name) else _quoted(self.name)
        return f"{name}{self.op}{_quoted(self.value)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def re2_options() -> Any:
    """A bad expression is told to whoever wrote it, not to stderr."""
    options = re2.Options()
    options.log_errors = False
    return options


def matcher(name: str, op: str, value: str) -> Matcher:
    """One of them. Raises `ValueError` for a bad expression."""
    if op not in ("=~", "!~"):
        return Matcher(name, op, value)
    try:
        return Matcher(name, op, value, re2.compile(value, re2_options()))
    except re2.error as error:
        raise ValueError(f"{name}{op}: {value!r} is not an expression of RE2: {error}") from None


@lru_cache(4096)
def parse(text: str) -> Sequence[Matcher]:
    """All matchers of a text.

    Raises:
        ValueError: with what is wrong.
    """
    return tuple(_parsed(text))


def _parsed(text: str) -> Iterator[Matcher]:
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    at = 0
    while at < len(inner):
        found = _ONE.match(inner, at)
        if found is None:
            raise ValueError(f'{text!r} is not a matcher: write label="value", or =~, !=, !~ in the place of =')
        yield matcher(_unquoted(found["name"]), found["op"], _unquoted(found["value"]))
        at = found.end()


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text[1:-1])


def all_match(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """No matcher says no."""
    return all(one.matches(labels) for one in matchers)
