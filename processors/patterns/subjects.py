"""What the pattern of a record is found in, as a key: texts with the same key have the same pattern.

| the record has | the key |
| --- | --- |
| a template (`log.template`, `message_template`, `{OriginalFormat}` …) | the template, whatever its text says |
| a line that is an exception, with its frames | the exception's type and its first frames |
| a line of JSON without a message | the names in it |
| a text | its first line, words with digits as `0`; where the record names file and line of the code, with those in front |
| no body, and an event name | the event name |

What is no text begins with a sign that no text begins with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import orjson
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, distinct_rows, encode, texts
from collector.columns.memo import Memo
from collector.ottl.columns import AttributeColumns, Reader
from collector.ottl.paths import LINE, TEXT, Source, Table
from processors.patterns import masks
from processors.patterns.code_places import code_places
from processors.patterns.entry import TEXT as TEXT_SOURCE
from processors.patterns.tokens import WILDCARD

TEMPLATE_KEYS = (
    "log.template",
    "message_template",
    "message_template.text",
    "message.template",
    "{OriginalFormat}",
    "log.message_template",
    "messageTemplate",
    "MessageTemplate",
)
_IN_JSON = ("@mt", *TEMPLATE_KEYS)
_TEMPLATE, _SHAPE, _STACK, _EVENT = "\x01t", "\x01j", "\x01s", "\x01e"
_PLACE = "\x02"
"""Around the place in the code, in front of a key."""
_SOURCES = {_TEMPLATE: "template", _SHAPE: "json", _STACK: "stack", _EVENT: "event"}
_PLACEHOLDER = re.compile(r"\$?\{[^{}]*\}|%%|%(?:\([^)]*\))?[-+#0]*\d*(?:\.\d+)?[hlLqjzt]*[a-zA-Z]")
_RUN = re.compile(rf"{re.escape(WILDCARD)}(?: ?{re.escape(WILDCARD)})+")
_THROWN = re.compile(r"^(?:Caused by: |Exception in thread \"[^\"]*\" |Uncaught |Unhandled )*((?:[\w$]+[.:\\]+)*\w*(?:Exception|Error|Throwable|Panic|Fault)\w*)(?::|$| \()")  # fmt: skip
_TRACEBACK = "Traceback (most recent call last)"
_FRAME = re.compile(r"^\s+at (?:async )?([\w$.<>/]+)|^\s+File \"[^\"]*\", line \d+, in (\S+)|^\s+from [^:]+:\d+:in [`']([^`']+)|^#\d+ +(?:\S+\(\d+\): )?([\w\\:>-]+)\(", re.MULTILINE)  # fmt: skip
_FRAMES, _NAMES, _DEEPEST = 3, 40, 3
_LINE = Source(Table.FIELD, LINE)


class Subjects:
    """Batches → keys."""

    def __init__(self) -> None:
        self._keys: Memo[str, str] = Memo(_keys)

    def of(self, batch: LogBatch) -> tuple[Coded, Coded, list[str]]:
        """The lines; what is looked at instead or the same, a row a record; and the key of each of its values, "" for none."""
        lines = Reader(batch, [_LINE]).coded(_LINE, TEXT)
        subjects = _with(lines, _templates(batch), _TEMPLATE)
        if (subjects.codes < 0).any():
            events = encode(batch.column("event_name"))
            subjects = _with(events, subjects, "", _EVENT)
        return lines, *self._with_places(subjects, code_places(batch))

    def _with_places(self, subjects: Coded, places: Coded | None) -> tuple[Coded, list[str]]:
        """The subjects apart by the place in the code that wrote them, and their keys."""
        keys = self._keys(subjects.values.to_pylist())
        if places is None:
            return subjects, keys
        codes, first = distinct_rows([subjects, places])
        names = places.values.to_pylist()
        own = [(subjects.codes[row], places.codes[row]) for row in first]
        told = [("" if code < 0 else keys[code], "" if place < 0 else names[place]) for code, place in own]
        apart = [f"{_PLACE}{place}{_PLACE}{key}" if key and place and key[:1] != "\x01" else key for key, place in told]
        return Coded(np.where(subjects.codes < 0, np.int32(-1), codes), texts(apart)), apart


class First(NamedTuple):
    """A masked text, what it was read from, and where in the code it was written, "" where that is not said."""

    masked: str
    source: str
    place: str = ""


def firsts(keys: Sequence[str]) -> list[First]:
    """What each key would be as a pattern of its own."""
    parts = [key.split(_PLACE, 2)[1:] if key[:1] == _PLACE else ["", key] for key in keys]
    plain = iter(masks.masked([key for _, key in parts if key[:1] != "\x01"]))
    return [
        First(_named(key), _SOURCES[key[:2]])
        if key[:1] == "\x01"
        else First(next(plain) or WILDCARD, TEXT_SOURCE, place)
        for place, key in parts
    ]


def _named(key: str) -> str:
    """A key that is no text, as a masked text."""
    text = _PLACEHOLDER.sub(_filled, key[2:]) if key[:2] == _TEMPLATE else key[2:]
    return _RUN.sub(WILDCARD, text).strip()[: masks.LONGEST] or WILDCARD


def _filled(found: re.Match[str]) -> str:
    return "%" if found[0] == "%%" else WILDCARD


def _templates(batch: LogBatch) -> Coded | None:
    """The templates that records have; None where none has one."""
    found: Coded | None = None
    columns = AttributeColumns(batch.attributes, TEMPLATE_KEYS, len(batch))
    for key in TEMPLATE_KEYS:
        if key in columns.present:
            own = columns.coded(key, "string")
            found = own if found is None else _with(own, found, "")
    return found


def _with(under: Coded, over: Coded | None, mark: str, under_mark: str = "") -> Coded:
    """The values of `over` where it has any, else those of `under`; each with its mark in front."""
    if over is None:
        return under
    values = pl.concat(
        [pl.Series(under.values, dtype=pl.String), pl.Series(over.values, dtype=pl.String)], rechunk=True
    )
    if mark or under_mark:
        marks = pl.Series([under_mark] * len(under.values) + [mark] * len(over.values), dtype=pl.String)
        values = marks + values
    return Coded(np.where(over.codes >= 0, over.codes + np.int32(len(under.values)), under.codes), values.to_arrow())


def _keys(texts: list[str]) -> list[str]:
    subjects = [_subject(text) if text[:1] in "{\x01T" or "\n" in text else text for text in texts]
    keys = masks.keys([subject.strip() for subject in subjects])
    return [subject if subject[:1] == "\x01" else key for subject, key in zip(subjects, keys, strict=True)]


def _subject(text: str) -> str:
    """The first line of a text that has several, unless it is an exception; the names of an object."""
    if text[:1] == "\x01":
        return text if text[2:] else ""
    first, _, rest = text.strip().partition("\n")
    if rest and (first.startswith(_TRACEBACK) or _THROWN.match(first)):
        return _stack(first, rest) or first
    if first[:1] == "{":
        return _shape(first) or first
    template = _template_in(rest) if rest[:1] == "{" else None
    return first if template is None else _TEMPLATE + template


def _stack(first: str, rest: str) -> str:
    lines = rest.rstrip().splitlines()
    thrown = _THROWN.match(lines[-1] if first.startswith(_TRACEBACK) else first)
    if thrown is None:
        return ""
    frames = ["".join(groups) for groups in _FRAME.findall(rest)]
    nearest = frames[::-1] if first.startswith(_TRACEBACK) else frames
    return _STACK + " at ".join([thrown[1], *nearest[:_FRAMES]])


def _object(text: str) -> dict[str, object] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _template_in(text: str) -> str | None:
    found = _object(text.partition("\n")[0]) or {}
    return next((value for key in _IN_JSON if isinstance(value := found.get(key), str) and value), None)


def _shape(text: str) -> str:
    found = _object(text)
    if not found:
        return ""
    template = next((value for key in _IN_JSON if isinstance(value := found.get(key), str) and value), None)
    if template is not None:
        return _TEMPLATE + template
    names = [name for name, _ in zip(_names(found), range(_NAMES), strict=False)]
    return _SHAPE + "{" + ", ".join(f"{name}: {WILDCARD}" for name in names) + "}"


def _names(found: dict[str, object], front: str = "", depth: int = 1) -> Iterator[str]:
    """Names of members, those of inner objects behind a dot; a name with a digit is one that varies."""
    for name, value in found.items():
        named = front + (WILDCARD if any(map(str.isdigit, name)) else name)
        if isinstance(value, dict) and value and depth < _DEEPEST:
            yield from _names(value, named + ".", depth + 1)
        else:
            yield named
