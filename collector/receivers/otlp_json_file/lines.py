"""Lines of OTLP JSON → one OTLP request: what is in each, and why some are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from collector.errors import InvalidPayload, TooLarge
from collector.journal.text import WHITE, Text
from otlp_wire import Received, Repairs, receive_json
from otlp_wire.inspection import byte_gate
from otlp_wire.marking import marked

_SIGNALS = {
    "resourceSpans": "traces",
    "resourceMetrics": "metrics",
    "resourceProfiles": "profiles",
    "resource_spans": "traces",
    "resource_metrics": "metrics",
    "resource_profiles": "profiles",
}


class TakenLines(NamedTuple):
    """What is journalled, and why lines are left out: reason → how many."""

    received: Received
    left_out: Counter[str]


def take(text: Text) -> TakenLines:
    """All that is logs; each record gets the attributes of the text."""
    bodies: list[bytes] = []
    left_out: Counter[str] = Counter()
    repairs = Repairs()
    records = groups = 0
    for line in _lines(text):
        try:
            received = receive_json(line)
        except (InvalidPayload, TooLarge) as refusal:
            left_out[refusal.reason] += 1
            continue
        if not received.records:
            if reason := _other_than_logs(line, received):
                left_out[reason] += 1
            continue
        bodies.append(received.body)
        records, groups = records + received.records, groups + received.groups
        _join(repairs, received.repairs)
    repairs.rejected += left_out.total()
    repairs.first = repairs.first or next(iter(left_out), "")
    whole = Received(b"".join(bodies), records, groups, repairs)
    attributes = {key: value for key, value in text.attributes.items() if isinstance(value, str)}
    if not records or not attributes:
        return TakenLines(whole, left_out)
    with byte_gate(len(whole.body)):
        return TakenLines(marked(whole, attributes), left_out)


def _lines(text: Text) -> Iterator[bytes]:
    """Those with anything in them."""
    if text.ranges is None:
        found: Iterator[bytes] = iter(text.text.split(b"\n"))
    else:
        found = (text.text[start : start + length] for start, length in text.ranges)
    return (line for line in (each.strip(WHITE) for each in found) if line)


def _other_than_logs(line: bytes, received: Received) -> str:
    """Why a line without a record is left out; empty: it is a request of logs without any."""
    try:
        keys = orjson.loads(line).keys()
    except orjson.JSONDecodeError:
        return received.repairs.first
    signals = sorted({signal for key, signal in _SIGNALS.items() if key in keys})
    if signals:
        return f"a line of {' and '.join(signals)}: logboom carries logs only"
    return received.repairs.first


def _join(repairs: Repairs, more: Repairs) -> None:
    repairs.rejected += more.rejected
    repairs.first = repairs.first or more.first
    for reason, places in more.counts.items():
        repairs.counts[reason] = repairs.counts.get(reason, 0) + places
