"""What a worker had in hand when it died, for whoever takes its partitions: the marker files (`collector.ledger.marker`) stay on the machine, so
what they say is told in the topic `status`, by the supervisor, which outlives its worker.

    status/n, key suspects/n = {"instance", "files": {"attempts/<pipeline>" | "deliveries/<exporter>": base64}}; null: nothing is suspected

A death is told with what was in hand; the owner itself tells only what it suspects already, and says so when that is over.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from struct import Struct
from typing import Any

import orjson
import xxhash

from collector.errors import LogboomError
from collector.kafka.wire import AtEnd, NewRecord, OutOfRange, Place, Wire

_log = logging.getLogger("logboom.cluster")
_FOLDERS = ("attempts", "deliveries")
_HEADER = Struct("<IQ")  # as `marker` writes it
_AT_ONCE = 1000
_READ_SECS, _SEND_SECS = 10.0, 5.0


def key_of(number: int) -> bytes:
    """Of the record that tells it of a partition."""
    return b"suspects/%d" % number


def marks_of(place: Path, *, died: bool) -> Mapping[str, bytes]:
    """What the marker files beside a ledger say, of those that say anything. `died`: what is in hand was so at a death."""
    found: dict[str, bytes] = {}
    for folder in _FOLDERS:
        for path in sorted((place / folder).glob("*")):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                if mark := _mark(path.read_bytes(), died):
                    found[f"{folder}/{path.name}"] = mark
    return found


def _mark(data: bytes, died: bool) -> bytes:
    length, digest = _HEADER.unpack_from(data)
    text = data[_HEADER.size : _HEADER.size + length]
    if not text or xxhash.xxh3_64_intdigest(text) != digest:
        return b""
    held = orjson.loads(text)
    if not died:
        held |= {"read": "", "alone": False, "current": []}
    if not held["current"] and not held["suspects"]:
        return b""
    text = orjson.dumps(held)
    return _HEADER.pack(len(text), xxhash.xxh3_64_intdigest(text)) + text


def record(topic: str, number: int, instance: str, marks: Mapping[str, bytes]) -> NewRecord:
    """What is told of a partition."""
    files = {name: base64.b64encode(mark).decode() for name, mark in marks.items()}
    text = orjson.dumps({"instance": instance, "files": files}) if files else None
    return NewRecord(Place(topic, number), key_of(number), text)


def tell_death(wire: Wire, topic: str, instance: str, places: Mapping[int, Path]) -> None:
    """A worker of this machine died while it had these partitions."""
    sender = wire.sender("suspects")
    try:
        for number, place in places.items():
            if marks := marks_of(place, died=True):
                sender.send(record(topic, number, instance, marks), lambda *_: None)
    finally:
        if not sender.close(_SEND_SECS):
            _log.warning("what the worker had in hand could not be told to the cluster")


def adopt(wire: Wire, topic: str, number: int, instance: str, place: Path) -> bool:
    """Put what another machine told of a partition in the place of what this one knew; whether it told anything. Before anybody looks
    at the marker files; raises nothing: at worst a payload gets more attempts."""
    try:
        told = _told(wire, Place(topic, number))
        if not told or told.get("instance") == instance:
            return False
        marks = {str(name): base64.b64decode(text) for name, text in told["files"].items()}
        _write(place, marks)
    except (LogboomError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("what killed workers of partition %d is not known here: %s", number, error)
        return False
    _log.info("partition %d: %d marks of a worker's death were taken over", number, len(marks))
    return True


def _told(wire: Wire, place: Place) -> Mapping[str, Any]:
    last, until = b"", time.monotonic() + _READ_SECS
    reader = wire.reader("suspects", prompt=True)
    try:
        reader.follow({place: 0})
        while time.monotonic() < until:
            try:
                for each in reader.read(_AT_ONCE, 0.5):
                    if isinstance(each, AtEnd):
                        return dict(orjson.loads(last)) if last else {}
                    if each.key == key_of(place.partition):
                        last = each.value or b""
            except OutOfRange as gone:
                reader.follow({place: gone.begins})
    finally:
        reader.close()
    raise TimeoutError("no answer in time")


def _write(place: Path, marks: Mapping[str, bytes]) -> None:
    for folder in _FOLDERS:
        for path in (place / folder).glob("*"):
            path.unlink(missing_ok=True)
    for name, mark in marks.items():
        folder, _, file = name.partition("/")
        if folder not in _FOLDERS or not file or file in (".", "..") or "/" in file:
            raise ValueError(f"{name} is no mark")
        (place / folder).mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(place / folder / file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(mark)
