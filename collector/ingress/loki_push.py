"""Loki's push, JSON or protobuf, to streams of plain values; what becomes of labels and lines is the receivers'."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import cramjam

from collector.errors import InvalidPayload, TooLarge
from collector.ingress.moments import unix_nano
from collector.transport.serving.content_encoding import decoded
from otlp_wire import read_push
from otlp_wire.record_writing import plain_text

_LABEL = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_:.]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|\}|$)')
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
Line = tuple[int, str, Mapping[str, Any]]
"""Nanoseconds since the epoch (0: not told), text, structured metadata."""
Stream = tuple[Mapping[str, str], Iterable[Line]]
"""Labels, and lines."""
OnBad = Callable[[str], None]
"""Told of a stream or entry that can't be taken, and why; raises it where all or nothing is taken."""
NO_PUSH = 'no "streams" in it: see Loki\'s push API'


def json_streams(streams: Any, on_bad: OnBad) -> Iterator[Stream]:
    """`[{"stream": {…}, "values": [["ns", "line", {…}]]}]`."""
    if type(streams) is not list:
        on_bad(NO_PUSH)
        return
    for stream in streams:
        labels = stream.get("stream", {}) if type(stream) is dict else None
        entries = stream.get("values", []) if type(stream) is dict else None
        if type(labels) is not dict or type(entries) is not list:
            on_bad("no stream of Loki's")
        else:
            yield {name: _text(value) for name, value in labels.items() if value is not None}, _lines(entries, on_bad)


def protobuf_streams(body: bytes, encoding: str, limit: int) -> Iterator[Stream]:
    """A `PushRequest`. Loki's clients compress it with snappy, and do not say so; what they say comes on top. Raises `InvalidPayload`,
    `TooLarge`."""
    plain = decoded(encoding, body, limit)
    for labels, lines in read_push(plain if encoding == "snappy" else _unpacked(plain, limit)):
        yield labels_of(labels), lines


@lru_cache(1024)
def labels_of(text: str) -> Mapping[str, str]:
    """`{app="x", level="info"}` as Prometheus writes labels. Raises `InvalidPayload`."""
    found: dict[str, str] = {}
    inner, at = text.strip().removeprefix("{").removesuffix("}"), 0
    while at < len(inner):
        label = _LABEL.match(inner, at)
        if label is None:
            raise InvalidPayload("a stream's labels are not as Prometheus writes them")
        found[label[1]] = (
            _ESCAPE.sub(_meant, label[2].encode()).decode("utf-8", "replace") if "\\" in label[2] else label[2]
        )
        at = label.end()
    return found


def _meant(sign: re.Match[bytes]) -> bytes:
    """What an escape of Go's means: a byte, a character, or one that has a name."""
    byte, short, long, octal, other = sign.groups()
    if byte or octal:
        return bytes((int(byte, 16) if byte else int(octal, 8) & 0xFF,))
    if short or long:
        number = int(short or long, 16)
        return chr(number).encode("utf-8", "replace") if number <= 0x10FFFF else b"?"
    return _ESCAPED.get(other, other)


def _lines(entries: list[Any], on_bad: OnBad) -> Iterator[Line]:
    for entry in entries:
        if type(entry) is not list or not 2 <= len(entry) <= 3 or type(entry[1]) is not str:
            on_bad('not ["nanoseconds", "line"]')
        else:
            yield _moment(entry[0]), entry[1], entry[2] if len(entry) == 3 and type(entry[2]) is dict else {}


def _text(value: Any) -> str:
    return value if type(value) is str else plain_text(value)


def _moment(value: Any) -> int:
    """Nanoseconds, as text or number; as Loki's old API also a time as text."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 21:
        value = int(value)
    if type(value) is int:
        return value if 0 < value < 1 << 64 else 0
    return unix_nano(value) or 0


def _unpacked(body: bytes, limit: int) -> bytes:
    """Snappy where it is snappy: a plain PushRequest begins with the tag of a stream, and no block of snappy ends as it does."""
    try:
        return decoded("snappy", body, limit)
    except TooLarge:
        raise
    except (InvalidPayload, cramjam.DecompressionError):
        return body
