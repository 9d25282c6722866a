"""Text, to one OTLP request: a record a line, or one; what the query says of it is the resource, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from collector.receivers.splunk_hec.answers import Code, HecRefusal
from collector.receivers.splunk_hec.events import Resource
from otlp_wire import Received, Repairs
from otlp_wire.inspection import check_records
from otlp_wire.record_writing import body_field, request, time_field

_LATEST_SECS = (1 << 63) // 1_000_000_000


def moment(query: Mapping[str, str]) -> int:
    """`time=` of the query in nanoseconds, 0 where it has none. Raises `HecRefusal` for what is no number of seconds."""
    text = query.get("time")
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) >= _LATEST_SECS:
        raise HecRefusal(Code.INVALID_DATA_FORMAT)
    return int(text) * 1_000_000_000


def received(body: bytes, resource: Resource, unix_nano: int, splitting: Literal["line", "none"]) -> Received:
    """What admission keeps; a line without text is no record. Raises `HecRefusal`, `TooLarge`."""
    text = body.decode("utf-8", "replace")
    check_records(text.count("\n") if splitting == "line" else 1)
    lines = [line.removesuffix("\r") for line in text.split("\n")] if splitting == "line" else [text]
    kept = [line for line in lines if line.strip()]
    if not kept:
        raise HecRefusal(Code.NO_DATA)
    check_records(len(kept))
    head = time_field(unix_nano) if unix_nano else b""
    return Received(request({resource: [head + body_field(line) for line in kept]}), len(kept), 2, Repairs())
