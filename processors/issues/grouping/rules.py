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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

from processors.issues.grouping.fingerprint import DEFAULT, Grouping, Read, explicit

_ALIASES = {"error.type": "type", "error.value": "value", "stack.module": "module", "stack.abs_path": "path", "stack.function": "function",
            "stack.package": "module", "package": "module", "release": "tags.service.version", "app": "tags.service.name"}  # fmt: skip
_NAMES = ("type", "value", "message", "logger", "level", "module", "path", "function", "family")
_PART = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_ARROW = re.compile(r"\s*(?:->|=>)\s*")
_LEVEL = "logboom.triage.level"


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
        names += [str(_ALIASES.get(name, name)) for part in self.parts for name in _PART.findall(part)]
        wanted = {name.removeprefix("tags.") for name in names if name.startswith("tags.")}
        return frozenset(wanted | ({_LEVEL} if "level" in names else set()))


def parsed(line: str) -> Rule:
    """A rule of its line. Raises `RuleError`."""
    sides = _ARROW.split(line.strip(), maxsplit=1)
    if len(sides) != 2 or not sides[1]:
        raise RuleError("a rule is matchers, `->`, and the parts of a fingerprint")
    try:
        words = shlex.split(sides[0])
        parts = shlex.split(_PART.sub(lambda match: "{{" + match[1] + "}}", sides[1]))
    except ValueError as error:
        raise RuleError(str(error)) from None
    if not words:
        raise RuleError("it matches nothing: a matcher is `type:Name*`")
    return Rule([_matcher(word) for word in words], [part.strip(",") for part in parts if part.strip(",")], line)


def _matcher(word: str) -> Matcher:
    negated = word.startswith("!")
    name, colon, glob = word.removeprefix("!").partition(":")
    name = _ALIASES.get(name, name)
    if not colon or not (name in _NAMES or name.startswith("tags.")):
        raise RuleError(f"{word!r} is no matcher: there is {', '.join(_NAMES)}, tags.NAME, release, app")
    return Matcher(name, glob, negated)


def applied(rules: Sequence[Rule], read: Read, tags: Mapping[str, str], default: Grouping) -> Grouping:
    """As the first rule says that matches; else the default."""
    for rule in rules:
        if all(matcher.matches(list(_values(matcher.name, read, tags))) for matcher in rule.matchers):
            parts = [_PART.sub(lambda match: _filled(match[1], read, tags), part) for part in rule.parts]
            return explicit(parts, default, "rule")
    return default


def _values(name: str, read: Read, tags: Mapping[str, str]) -> Iterator[str]:
    frames = read.trace.frames if read.trace is not None else ()
    match name:
        case "type":
            yield from (kind for kind in (read.type, *(read.trace.wrappers if read.trace else ())) if kind)
        case "value":
            yield read.message
        case "message":
            yield from (text for text in (read.message, read.facts.body) if text)
        case "logger":
            yield read.facts.logger
        case "level":
            yield tags.get(_LEVEL, "")
        case "module" | "path":
            yield from (frame.place for frame in frames)
        case "function":
            yield from (frame.function for frame in frames)
        case "family":
            yield read.trace.language if read.trace else ""
        case _:
            yield tags.get(name.removeprefix("tags."), "")


def _filled(name: str, read: Read, tags: Mapping[str, str]) -> str:
    if name == "default":
        return DEFAULT
    name = {"error.type": "type", "error.value": "message", "stack.function": "function", "stack.module": "module"}.get(
        name, name
    )
    return next((value for value in _values(_ALIASES.get(name, name), read, tags) if value), "")
