"""Bodies of senders without an SDK, damaged by their structure: JSON of every shape, lines, msgpack, Loki's protobuf.

An input is the path, a zero, the media type, a zero, the body.
"""

from __future__ import annotations

import json
import random
from typing import Any

import cramjam
import msgpack

from fuzz import json_inputs, protobuf_inputs, seeds

TIMES = [
    "2025-11-29T10:11:12.123Z",
    "2025-11-29 10:11:12",
    1764411072,
    1764411072123,
    1764411072.5,
    "soon",
    -1,
    1 << 70,
]
RECORDS: dict[str, list[dict[str, Any]]] = {
    "/logs": [
        {"level": 50, "time": 1764411072123, "msg": "x", "err": {"type": "E", "message": "m", "stack": ["a", "b"]}, "pid": 1, "hostname": "h"},
        {"@timestamp": "2025-11-29T10:11:12Z", "log.level": "WARN", "message": {"a": [1, {}]}, "service": {"name": "s"}, "trace": {"id": "0" * 32}},
        {"logs": [{"msg": "a"}, "b"], "service": "s"}, {"streams": [{"stream": {"app": "a"}, "values": [["1", "x", {"k": "v"}]]}]},
        {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "severity": "ERROR+4", "event": "e"},
        {"scriptName": "w", "outcome": "exception", "logs": [{"message": ["a"]}], "exceptions": [{"name": "E"}]},
    ],
    "/loki/api/v1/push": [{"streams": [{"stream": {"app": "a", "level": "info"}, "values": [["1764411072123000000", "x"], ["0", "y", {"trace_id": "1"}]]}]}],
    "/api/v2/logs": [{"message": "x", "status": "warn", "ddtags": "env:a,version:,x,:", "dd.trace_id": "12345678901234567890", "timestamp": 1}],
    "/gelf": [{"version": "1.1", "host": "h", "short_message": "x", "level": 3, "timestamp": 1764411072.1, "_a": 1, "_": 2}],
    "/cloudflare/logpush": [{"EdgeStartTimestamp": 1, "EdgeResponseStatus": 502, "ClientRequestMethod": "GET", "ClientRequestHost": "h"},
                            {"EventTimestampMs": 1, "ScriptName": "w", "Outcome": "ok", "Logs": [{"Message": ["a"], "Level": "log"}]}, {"content": "tests"}],
    "/cloudflare/tail": [{"scriptName": "w", "outcome": "exceededCpu", "event": {"request": {"url": "u"}}, "logs": [], "exceptions": [], "eventTimestamp": 1}],
}  # fmt: skip


def _damaged(rng: random.Random, document: Any) -> Any:
    """Values changed for others, keys for those of other shapes."""
    document = json.loads(json.dumps(document))
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        places = json_inputs.places(document)
        if not places:
            break
        owner, key = rng.choice(places)
        action = rng.randrange(5)
        if action == 0 and isinstance(owner, dict):
            owner[rng.choice(["level", "message", "time", "logs", "streams", "resourceLogs", "", "é", "a" * 300])] = (
                owner.pop(key)
            )
        elif action == 1:
            owner[key] = rng.choice(TIMES)
        elif action == 2:
            owner[key] = json_inputs.deep(rng)
        else:
            owner[key] = json_inputs.raw(rng)
    return document


def _text(rng: random.Random, path: str) -> bytes:
    records = [_damaged(rng, rng.choice(RECORDS[path])) for _ in range(rng.choice([1, 1, 2, 5]))]
    written = [json_inputs.text(record, 0.05, rng) for record in records]
    form = rng.randrange(4)
    text = f"[{','.join(written)}]" if form == 0 else rng.choice(["\n", "\r\n", "", "\n\n "]).join(written)
    return rng.choice([b"", b"", b"\xef\xbb\xbf", b" \n"]) + text.encode()


def _packed(rng: random.Random) -> bytes:
    moment = rng.choice(
        [
            msgpack.ExtType(0, rng.randbytes(rng.choice([8, 8, 3]))),
            1764411072,
            1.5,
            None,
            [1.5, {}],
            msgpack.Timestamp(1, 2),
        ]
    )
    record = rng.choice([{"log": "x", 5: b"\xff"}, {}, {"a": {"b": [1]}}, [], "x"])
    return b"".join(
        msgpack.packb(rng.choice([[moment, record], record, [[moment, record]]])) for _ in range(rng.choice([1, 3]))
    )


def _push(rng: random.Random) -> bytes:
    body = protobuf_inputs.make(rng)  # the same framing, other fields
    if rng.random() < 0.5:
        labels, line = rng.choice([b'{a="b"}', b"{", b'{a="\\"}', b""]), rng.choice([b"x", b"\xff", b""])
        entry = b"\x0a\x04\x08\x01\x10\x02\x12" + bytes([len(line)]) + line
        stream = b"\x0a" + bytes([len(labels)]) + labels + b"\x12" + bytes([len(entry)]) + entry
        body = (b"\x0a" + bytes([len(stream)]) + stream) * rng.choice([1, 3])
    return bytes(cramjam.snappy.compress_raw(body)) if rng.random() < 0.6 else body


def make(rng: random.Random) -> bytes:
    """One input."""
    kind = rng.random()
    path, media = (
        rng.choice([*RECORDS, "/logs"]),
        rng.choice(["application/json", "text/plain", "", "application/x-ndjson"]),
    )
    if kind < 0.1:
        path, media, body = "/logs", "application/msgpack", bytearray(_packed(rng))
    elif kind < 0.2:
        path, media, body = "/loki/api/v1/push", "application/x-protobuf", bytearray(_push(rng))
    elif kind < 0.23:
        body = bytearray(seeds.json_text(rng).encode())
    elif kind < 0.25:
        path, body = "/events", bytearray(_text(rng, "/logs"))
    else:
        body = bytearray(_text(rng, path))
    if rng.random() < 0.15 and body:
        body[rng.randrange(len(body))] = rng.getrandbits(8)
    if rng.random() < 0.05:
        del body[rng.randrange(len(body) + 1) :]
    return f"{path}\0{media}\0".encode() + bytes(body)
