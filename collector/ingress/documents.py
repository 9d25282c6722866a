"""The body of a request, to the records in it: an object, an array, a line an object (NDJSON), or one object behind the other.

A strict, fast parser reads first; what it refuses is read by one that takes half surrogate pairs, bytes that are not UTF-8 and
numbers beyond doubles, as it is done for OTLP.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from collector.errors import InvalidPayload
from otlp_wire import read_json_text

OnBad = Callable[["BadRecord"], None]
"""Told of a line or record that can't be taken; raises it where all or nothing is post."""
_BLANK = b" \t\r\n\0"
_BOM = b"\xef\xbb\xbf"
_WRITTEN_OUT = json.JSONDecoder()


class BadRecord(InvalidPayload):
    """A part of the request is no record; `place` (`line` or `record`) and `number` say which, from 1."""

    def __init__(self, place: str, number: int, why: str) -> None:
        self.place, self.number = place, number
        super().__init__(f"{place} {number}: {why}")


def documents(body: bytes, on_bad: OnBad) -> Iterator[Any]:
    """The JSON documents of a body, each read when it is post for; `body` is not blank."""
    body = body.removeprefix(_BOM).strip(_BLANK)
    try:
        yield orjson.loads(body)
        return
    except orjson.JSONDecodeError:
        pass
    if b"\n" not in body:
        yield from _one_line(body, on_bad)
    elif (written := _one_behind_the_other(body)) is not None:
        yield from written
    else:
        yield from _lines(body, on_bad)


def _lines(body: bytes, on_bad: OnBad) -> Iterator[Any]:
    for number, line in enumerate(body.split(b"\n"), 1):
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError:
            if not line.strip(_BLANK):
                continue
            try:
                document = read_json_text(line)
            except InvalidPayload:
                on_bad(BadRecord("line", number, "not valid JSON"))
                continue
            yield document


def _one_line(body: bytes, on_bad: OnBad) -> Iterator[Any]:
    try:
        yield read_json_text(body)
    except InvalidPayload as error:
        written = _one_behind_the_other(body)
        if written is None:
            on_bad(BadRecord("line", 1, _reason(error)))
        yield from written or ()


def _one_behind_the_other(body: bytes) -> list[Any] | None:
    """Objects without anything between them, or written over several lines; None where it is not that, as is soon clear of
    lines that are whole."""
    first, _, rest = body.partition(b"\n")
    if rest and _whole(first):
        return None
    joined = _joined(body)
    if joined is not None:
        return joined
    text, at, found = body.decode("utf-8", "surrogateescape"), 0, []
    try:
        while at < len(text):
            document, at = _WRITTEN_OUT.raw_decode(text, at)
            found.append(document)
            while at < len(text) and text[at] in " \t\r\n\0,":
                at += 1
    except (ValueError, RecursionError):  # ValueError alone: a number of more than 4,300 digits
        return None
    return found


def _joined(body: bytes) -> list[Any] | None:
    """Objects with nothing between them, read at once as an array; None where they can't be. A line end within a text is no JSON, so what
    only looks like the end of an object is not taken for one."""
    if not body.startswith(b"{") or b"\n" in body or b"}{" not in body:
        return None
    try:
        found: list[Any] = orjson.loads(b"[" + body.replace(b"}{", b"}\n,{") + b"]")
    except orjson.JSONDecodeError:
        return None
    return found if len(found) == body.count(b"}{") + 1 else None


def _whole(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _reason(error: InvalidPayload) -> str:
    """Without the place within the text, which is counted otherwise here."""
    return f"not valid JSON ({error.reason.removeprefix('invalid JSON at line 1 ')})"
