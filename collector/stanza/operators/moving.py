"""Operators that move values about: `add`, `copy`, `move`, `remove`, `retain`, `flatten`, `assign_keys`, `noop`."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import numpy as np

from collector.stanza.columns import Column, Rows, constant, items, present, taken, tightened
from collector.stanza.expressions.expression import Expression
from collector.stanza.fields import Field, field_of
from collector.stanza.frame import Frame, settable
from collector.stanza.operation import Done, Mask, Options, done
from collector.stanza.problems import Failed, OperatorError

_EXPRESSION = re.compile(r"EXPR\(")


class Noop:
    """Nothing."""

    def __init__(self, options: Options) -> None: ...

    def apply(self, frame: Frame, rows: Rows) -> Done:  # noqa: ARG002
        return Done(rows)


class Add:
    """Sets a field to a value, or to what an expression says."""

    def __init__(self, options: Options) -> None:
        if not options.has("value"):
            raise OperatorError("missing required field 'value'")
        self._field = settable(field_of(options.take("field")))
        value = options.take("value")
        self._parts = _interpolated(value) if isinstance(value, str) and "EXPR(" in value else None
        self._value = value

    def apply(self, frame: Frame, rows: Rows) -> Done:
        if self._parts is None:
            value = self._value
            nested = isinstance(value, dict | list)
            frame.set(self._field, rows, [deepcopy(value) for _ in rows] if nested else constant(value, len(rows)))
            return Done(rows)
        values, failed = _written(self._parts, frame, rows)
        good = rows[~failed]
        if len(good):
            frame.set(self._field, good, tightened([value for value in values if type(value) is not Failed]))
        return done(rows, failed, "the expression has no value")


Parts = list[str | Expression]


def _interpolated(text: str) -> Parts:
    """Text and expressions in turn."""
    parts: Parts = []
    at = 0
    for match in _EXPRESSION.finditer(text):
        if match.start() < at:
            continue
        end = _closing(text, match.end())
        if match.start() > at:
            parts.append(text[at : match.start()])
        parts.append(Expression.of(text[match.end() : end]))
        at = end + 1
    return [*parts, text[at:]] if at < len(text) else parts


def _closing(text: str, at: int) -> int:
    depth, quote = 1, ""
    for place in range(at, len(text)):
        letter = text[place]
        if quote:
            quote = "" if letter == quote and text[place - 1] != "\\" else quote
        elif letter in "\"'`":
            quote = letter
        else:
            depth += (letter == "(") - (letter == ")")
            if not depth:
                return place
    raise OperatorError(f"{text!r}: EXPR( has no end")


def _written(parts: Parts, frame: Frame, rows: Rows) -> tuple[list[Any], Mask]:
    """One expression alone keeps the kind of its value; with text around it is text."""
    columns = [part.values(frame, rows) if isinstance(part, Expression) else [part] * len(rows) for part in parts]
    values = columns[0] if len(columns) == 1 else [_joined(each) for each in zip(*columns, strict=True)]
    failed = np.fromiter((type(value) is Failed for value in values), dtype=np.bool_, count=len(rows))
    return values, failed


def _joined(parts: tuple[Any, ...]) -> Any:
    wrong = next((part for part in parts if not isinstance(part, str)), None)
    return "".join(parts) if wrong is None else Failed("an expression between texts is no text")


class Copy:
    """From one field to another."""

    def __init__(self, options: Options) -> None:
        if not options.has("from") or not options.has("to"):
            raise OperatorError("missing 'from' or 'to' field")
        self._from, self._to = field_of(options.take("from")), field_of(options.take("to"))

    def apply(self, frame: Frame, rows: Rows) -> Done:
        values = frame.get(self._from, rows)
        failed = ~present(values) | _unsettable(self._to, values)
        kept = (~failed).nonzero()[0]
        chosen = taken(values, kept)
        if len(kept):
            frame.set(self._to, rows[kept], deepcopy(chosen) if isinstance(chosen, list) else chosen)
        return done(rows, failed, f"{self._from} is not there")


class Move:
    """The same, and the first one is gone."""

    def __init__(self, options: Options) -> None:
        if not options.has("from") or not options.has("to"):
            raise OperatorError("missing 'from' or 'to' field")
        self._from, self._to = field_of(options.take("from")), field_of(options.take("to"))

    def apply(self, frame: Frame, rows: Rows) -> Done:
        values = frame.get(self._from, rows)
        failed = ~present(values) | _unsettable(self._to, values)
        kept = (~failed).nonzero()[0]
        chosen = taken(values, kept)
        good = rows[kept]
        if len(kept):
            frame.delete(self._from, good)
            frame.set(self._to, good, chosen)
        return done(rows, failed, f"{self._from} is not there")


def _unsettable(to: Field, values: Column) -> Mask:
    """Attributes and resource as a whole take only maps."""
    if to.root == "body" or to.keys:
        return np.zeros(len(values), dtype=np.bool_)
    return np.array([type(value) is not dict for value in items(values)], dtype=np.bool_)


class Remove:
    """A field is gone."""

    def __init__(self, options: Options) -> None:
        self._field = field_of(options.take("field"))

    def apply(self, frame: Frame, rows: Rows) -> Done:
        failed = ~present(frame.get(self._field, rows))
        good = rows[~failed] if failed.any() else rows
        if len(good):
            frame.delete(self._field, good)
        return done(rows, failed, f"{self._field} is not there")


class Retain:
    """Of body, attributes and resource, where fields of them are named, only those."""

    def __init__(self, options: Options) -> None:
        fields = options.take("fields", [])
        if not isinstance(fields, list) or not fields:
            raise OperatorError("'fields' is a list of fields")
        self._fields = [field_of(each) for each in fields]

    def apply(self, frame: Frame, rows: Rows) -> Done:
        kept = [(field, frame.get(field, rows)) for field in self._fields]
        for root in dict.fromkeys(field.root for field in self._fields):
            if Field(root) not in self._fields:
                frame.delete(Field(root), rows)
        for field, values in kept:
            there = present(values).nonzero()[0]
            if len(there) and field.keys:
                frame.set(field, rows[there], taken(values, there))
        return Done(rows)


class Flatten:
    """What a map holds moves up one level, in its place."""

    def __init__(self, options: Options) -> None:
        self._field = field_of(options.take("field"))
        if not self._field.keys:
            raise OperatorError(f"{self._field} has no level above it")

    def apply(self, frame: Frame, rows: Rows) -> Done:
        values = items(frame.get(self._field, rows))
        failed = np.fromiter((type(value) is not dict for value in values), dtype=np.bool_, count=len(rows))
        good = rows[~failed]
        if len(good):
            above = Field(self._field.root, self._field.keys[:-1])
            frame.delete(self._field, good)
            frame.set(above, good, [value for value in values if type(value) is dict])
        return done(rows, failed, f"{self._field} is no map")


class AssignKeys:
    """The elements of an array get names."""

    def __init__(self, options: Options) -> None:
        self._field = field_of(options.take("field"))
        keys = options.take("keys", [])
        if not isinstance(keys, list) or not keys:
            raise OperatorError("missing required field 'keys'")
        if len(set(map(str, keys))) != len(keys):
            raise OperatorError("a key stands twice in 'keys'")
        self._keys = [str(key) for key in keys]

    def apply(self, frame: Frame, rows: Rows) -> Done:
        values = items(frame.get(self._field, rows))
        found = [self._named(value) for value in values]
        failed = np.fromiter((each is None for each in found), dtype=np.bool_, count=len(rows))
        good = rows[~failed]
        if len(good):
            frame.delete(self._field, good)
            frame.set(self._field, good, [each for each in found if each is not None])
        return done(rows, failed, f"{self._field} is no array of {len(self._keys)}")

    def _named(self, value: Any) -> dict[str, Any] | None:
        if type(value) is not list or len(value) != len(self._keys):
            return None
        return dict(zip(self._keys, value, strict=True))
