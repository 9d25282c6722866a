"""What receivers that make records of others' requests take for a record: `python tests/bench/doors.py`. µs of CPU, best of some."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import cramjam
import orjson

from collector.receivers.loki.push import of_json, of_protobuf
from collector.receivers.splunk_hec import events, raw
from collector.receivers.splunk_hec.config import HecNames
from collector.receivers.webhook_event.config import WebhookEventConfig
from collector.receivers.webhook_event.records import Around, WebhookRecords
from otlp_wire import Received
from otlp_wire.record_writing import varint


def sized(field: int, content: bytes) -> bytes:
    return bytes((field << 3 | 2,)) + varint(len(content)) + content


def pushed(lines: list[list[str]]) -> bytes:
    """A `PushRequest` of one stream."""
    entries = b"".join(
        sized(
            2,
            sized(1, b"\x08" + varint(int(at) // 10**9) + b"\x10" + varint(int(at) % 10**9)) + sized(2, line.encode()),
        )
        for at, line in lines
    )
    return sized(1, sized(1, b'{app="shop", level="warn", pod="shop-1"}') + entries)


RECORDS, ROUNDS = 2000, 9
EVENTS = b"".join(
    orjson.dumps(
        {
            "time": 1764411072.123 + number,
            "host": "web-1",
            "source": "shop",
            "sourcetype": "json",
            "index": "main",
            "event": f"query {number} took {number % 800} ms in shop",
            "fields": {"k8s.pod.name": "shop-1", "status": 500, "trace": f"{number:032x}"},
        }
    )
    for number in range(RECORDS)
)
TEXT = "\n".join(f"query {number} took {number % 800} ms in shop" for number in range(RECORDS)).encode()
LINES = [
    [f"{1764411072123000000 + number}", f"query {number} took {number % 800} ms in shop"] for number in range(RECORDS)
]
STREAMS = orjson.dumps({"streams": [{"stream": {"app": "shop", "level": "warn", "pod": "shop-1"}, "values": LINES}]})
PUSH = bytes(cramjam.snappy.compress_raw(pushed(LINES)))
HOOKS = {
    split: WebhookRecords(
        WebhookEventConfig.model_validate({"endpoint": "localhost:0", f"split_logs_at_{split}": True}), "webhook_event"
    )
    for split in ("newline", "json_boundary")
}
DOORS: dict[str, Callable[[], Received]] = {
    "splunk_hec, events": lambda: events.received(EVENTS, HecNames(), ()),
    "splunk_hec, text": lambda: raw.received(TEXT, (), 0, "line"),
    "webhook_event, lines": lambda: HOOKS["newline"].received(TEXT, Around((), b"")),
    "webhook_event, JSON documents": lambda: HOOKS["json_boundary"].received(EVENTS, Around((), b"")),
    "loki, JSON": lambda: of_json(STREAMS, True),
    "loki, protobuf": lambda: of_protobuf(PUSH, True, "", 4 << 20),
}


def best(call: Callable[[], Received]) -> float:
    """µs of CPU a record."""
    found = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        assert call().records == RECORDS
        found.append((time.thread_time() - began) / RECORDS * 1e6)
    return min(found)


def main() -> None:
    sys.stdout.write("| µs a record | |\n| --- | --- |\n")
    for name, call in DOORS.items():
        sys.stdout.write(f"| {name} | {best(call):.2f} |\n")


if __name__ == "__main__":
    main()
