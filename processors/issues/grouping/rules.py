"""Fingerprint rules of the user, in the words of Sentry's: `matcher:glob … -> part part …`.

type: value: message: logger: level:        of the exception, its text (or the body), the logger, the level
module: path: function: family:             of any frame (its module or file, its function), the language of the trace
tags.<attribute>: release: app:             an attribute of the record, `service.version`, `service.name`
!type:…                                     does not match
{{ default }} {{ type }} {{ message }} {{ logger }} {{ level }} {{ function }} {{ module }} {{ tags.x }}    in parts
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

ALIASES = {"error.type": "type", "error.value": "value", "stack.module": "module", "stack.abs_path": "path", "stack.function": "function",
            "stack.package": "module", "package": "module", "release": "tags.service.version", "app": "tags.service.name"}  # fmt: skip
_NAMES = ("type", "value", "message", "logger", "level", "module", "path", "function", "family")
PART = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_ARROW = re.compile(r"\s*(?:->|=>)\s*")
LEVEL = "logboom.triage.level"


class RuleError(ValueError):
    """The rule is not written as it should be."""


@dataclass(frozen=True)
class Matcher:
    """One condition of a rule."""

    name: str
    glob: str
    negated: bool

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(translate(self.glob), re.IGNORECASE if self.name in ("path", "level", "family") else 0)

    def matches(self, values: Sequence[str]) -> bool:
        """Whether one of the values is what it says, or none of them where it is negated."""
        return any(self._pattern.match(value) for value in values) is not self.negated


@dataclass(frozen=True, slots=True)
class Rule:
    """All matchers must match; then `parts` are the fingerprint."""

    matchers: Sequence[Matcher]
    parts: Sequence[str]
    line: str

    @property
    def tags(self) -> frozenset[str]:
        """Attributes that it asks for."""
        names = [matcher.name for matcher in self.matchers]
        names += [str(ALIASES.get(name, name)) for part in self.parts for name in PART.findall(part)]
        wanted = {name.removeprefix("tags.") for name in names if name.startswith("tags.")}
        return frozenset(wanted | ({LEVEL} if "level" in names else set()))


def parsed(line: str) -> Rule:
    """A rule of its line. Raises `RuleError`."""
    sides = _ARROW.split(line.strip(), maxsplit=1)
    if len(sides) != 2 or not sides[1]:
        raise RuleError("a rule is matchers, `->`, and the parts of a fingerprint")
    try:
        words = shlex.split(sides[0])
        parts = shlex.split(PART.sub(lambda match: "{{" + match[1] + "}}", sides[1]))
    except ValueError as error:
        raise RuleError(str(error)) from None
    if not words:
        raise RuleError("it matches nothing: a matcher is `type:Name*`")
    return Rule([_matcher(word) for word in words], [part.strip(",") for part in parts if part.strip(",")], line)


def _matcher(word: str) -> Matcher:
    negated = word.startswith("!")
    name, colon, glob = word.removeprefix("!").partition(":")
    name = ALIASES.get(name, name)
    if not colon or not (name in _NAMES or name.startswith("tags.")):
        raise RuleError(f"{word!r} is no matcher: there is {', '.join(_NAMES)}, tags.NAME, release, app")
    return Matcher(name, glob, negated)
