"""Rules of the user on what was read of a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from processors.issues.grouping.fingerprint import DEFAULT, Grouping, Read, explicit
from processors.issues.grouping.rules import ALIASES, LEVEL, PART, Rule


def applied(rules: Sequence[Rule], read: Read, tags: Mapping[str, str], default: Grouping) -> Grouping:
    """As the first rule says that matches; else the default."""
    for rule in rules:
        if all(matcher.matches(list(_values(matcher.name, read, tags))) for matcher in rule.matchers):
            parts = [PART.sub(lambda match: _filled(match[1], read, tags), part) for part in rule.parts]
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
            yield tags.get(LEVEL, "")
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
    return next((value for value in _values(ALIASES.get(name, name), read, tags) if value), "")
