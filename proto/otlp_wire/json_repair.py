"""A JSON request that does not fit, read again: what can't be read is left out, and told.

    text ──► document, by a parser that takes half surrogate pairs, bad UTF-8, numbers beyond doubles, any depth
    document ──► the same walk as `json_reading`, which notes a value that does not fit instead of giving up

A value that can't be read takes its attribute with it; in an array its place stays, empty.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from google.protobuf.descriptor import Descriptor

from collector.errors import InvalidPayload
from otlp_wire.deep_text import Items, Pairs, plain_json
from otlp_wire.json_schema import JsonField, Mismatch, fields_of, log_record
from otlp_wire.messages import AnyValue, ExportLogsServiceRequest, LogRecord
from otlp_wire.protobuf_repair import MAX_LEVELS
from otlp_wire.repairs import Reason, Repairs

_MAX_BRACKETS = 250
"""Deeper than anything that is kept as it is (`MAX_LEVELS` maps take four brackets each), far below Python's own bound."""
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udfff]")
_ANY_VALUE, _LOG_RECORD = AnyValue.DESCRIPTOR, LogRecord.DESCRIPTOR
_KEY_VALUE = _ANY_VALUE.fields_by_name["kvlist_value"].message_type.fields_by_name["values"].message_type
_NOT_TEXT = "holds what is no text in UTF-8: U+FFFD stands in its place"
_TOO_DEEP = "is nested too deeply: it was kept as text"
_TOO_LARGE = object()  # a number that no double holds; no reader takes it


def read_json_text(body: bytes) -> Any:
    """The document, where a strict parser refuses it. Bytes that are not UTF-8 are lone surrogates in it.

    Raises:
        InvalidPayload: not JSON; the reason says where.
    """
    text = body.decode("utf-8-sig", "surrogateescape")
    try:
        try:
            return _DECODER.decode(text)
        except RecursionError:
            return _DECODER.decode(_shallow(text))
    except json.JSONDecodeError as error:
        raise InvalidPayload(f"invalid JSON at line {error.lineno} column {error.colno}: {error.msg}") from None


def mended(document: dict[str, Any], repairs: Repairs) -> dict[str, Any]:
    """The keyword arguments of an ExportLogsServiceRequest, without what does not fit."""
    return _Mending(repairs).message(document, ExportLogsServiceRequest.DESCRIPTOR, 0)


def _shallow(text: str) -> str:
    """The same JSON with what is deeper than `_MAX_BRACKETS` as strings. Raises JSONDecodeError for brackets left open."""
    parts, depth, start, done = [], 0, 0, 0
    for token in _TOKENS.finditer(text):
        sign = token.group()[0]
        if sign == '"':
            continue
        if sign in "[{":
            depth += 1
            start = token.start() if depth == _MAX_BRACKETS else start
        else:
            if depth == _MAX_BRACKETS:
                parts += [text[done:start], json.dumps(text[start : token.end()])]
                done = token.end()
            depth -= 1
    if depth >= _MAX_BRACKETS:
        raise json.JSONDecodeError("Brackets that are not closed", text, len(text))
    return "".join((*parts, text[done:]))


def _float(text: str) -> Any:
    number = float(text)
    return number if math.isfinite(number) else _TOO_LARGE


def _int(text: str) -> Any:
    return int(text) if len(text) <= 20 else _float(text)


_DECODER = json.JSONDecoder(parse_float=_float, parse_int=_int, parse_constant=str, strict=False)


class _Mending:
    """One document on its way; `_path` is the place that is looked at."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs
        self._path: list[str] = []

    def message(self, value: Any, message: Descriptor, levels: int) -> dict[str, Any]:
        """The keyword arguments of a message's class. Raises `Mismatch` where nothing of it can be read; in a KeyValue or
        AnyValue also for what is inside it, so that an attribute goes whole."""
        if not isinstance(value, dict):
            raise Mismatch("an object")
        found: dict[str, Any] = {}
        owner: dict[str, str] = {}
        for key, content in value.items():
            field = fields_of(message).get(key)
            if field is None or content is None:
                continue
            self._path.append(f".{key}")
            try:
                if owner.setdefault(field.slot, field.name) != field.name or (
                    field.name in found and not field.repeated
                ):
                    raise Mismatch("the only one of its kind in its object", Reason.REPEATED)
                read = self._list(content, field, levels) if field.repeated else self._value(content, field, levels)
                found[field.name] = [*found.get(field.name, ()), *read] if field.repeated else read
            except Mismatch as mismatch:
                self._caught(mismatch, field)
                if message in (_KEY_VALUE, _ANY_VALUE) and mismatch.reason is not Reason.REPEATED:
                    raise
                self._note(mismatch)
            finally:
                self._path.pop()
        return found

    def _list(self, value: Any, field: JsonField, levels: int) -> list[Any]:
        if not isinstance(value, list):
            raise Mismatch("an array")
        items: list[Any] = []
        for index, item in enumerate(value):
            self._path.append(f"[{index}]")
            try:
                items.append(self._value(item, field, levels))
            except Mismatch as mismatch:
                self._caught(mismatch, field)
                self._note(mismatch, "the record was not taken" if field.message is _LOG_RECORD else "it was left out")
                self._repairs.rejected += field.message is _LOG_RECORD
                if field.message is _ANY_VALUE:
                    items.append({})
            finally:
                self._path.pop()
        return items

    def _value(self, value: Any, field: JsonField, levels: int) -> Any:
        if field.read is not None:
            return field.read(self._text(value) if isinstance(value, str) else value)
        assert field.message is not None
        if field.message is _ANY_VALUE:
            if levels > MAX_LEVELS and type(_look(value)) in (Items, Pairs):
                self._repairs.note(Reason.NESTING, "".join(self._path), _TOO_DEEP)
                return {"string_value": self._text(plain_json(value, _look))}
            levels += 1
        content = self.message(value, field.message, levels)
        return log_record(content) if field.message is _LOG_RECORD else content

    def _caught(self, mismatch: Mismatch, field: JsonField) -> None:
        """Remember the innermost place, and that a number was a time."""
        if not mismatch.place:
            mismatch.place = "".join(self._path)
            if field.name.endswith("time_unix_nano"):
                mismatch.reason = Reason.TIME

    def _note(self, mismatch: Mismatch, outcome: str = "it was left out") -> None:
        self._repairs.note(mismatch.reason, mismatch.place, f"must be {mismatch.expected}; {outcome}")

    def _text(self, text: str) -> str:
        """Half a surrogate pair, and each byte that was not UTF-8, becomes U+FFFD."""
        whole = _SURROGATES.sub("\ufffd", text)
        if whole is not text and whole != text:
            self._repairs.note(Reason.TEXT, "".join(self._path), _NOT_TEXT)
        return whole


def _look(value: Any) -> Any:
    """What an AnyValue in JSON holds, for `plain_json`; what is none is taken as it stands."""
    if not isinstance(value, dict):
        return value if isinstance(value, str | int | float) else None
    for key, content in value.items():
        field = fields_of(_ANY_VALUE).get(key)
        if field is None or content is None:
            continue
        if field.message is None:
            return content
        items = content.get("values") if isinstance(content, dict) else content
        if not isinstance(items, list):
            return items if isinstance(items, str) else Items([])  # text: where `_shallow` has cut
        return Pairs([_pair(item) for item in items]) if field.name == "kvlist_value" else Items(items)
    return None


def _pair(item: Any) -> tuple[str, Any]:
    pair = item if isinstance(item, dict) else {}
    return str(pair.get("key", "")), pair.get("value")
