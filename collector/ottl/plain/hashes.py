"""Hashes and ids."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import struct
import time
import uuid
from collections.abc import Callable
from typing import Any

import xxhash

from collector.ottl.plain import getters
from collector.ottl.plain.calculating import wrapped
from collector.ottl.plain.function import TEXT_TARGET, ArgumentError, Constants, Parameter, Registry
from collector.ottl.plain.kinds import EvaluationError, ProfileId, SpanId, TraceId
from collector.ottl.plain.murmur import murmur3_32, murmur3_128

HASHES = Registry()
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


@HASHES.add("FNV", TEXT_TARGET)
def _fnv(text: str) -> int:
    found = _FNV_OFFSET
    for byte in text.encode():
        found = ((found ^ byte) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return wrapped(found)


def _hex_digest(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


for _name in ("MD5", "SHA1", "SHA256", "SHA512"):
    HASHES.add(_name, TEXT_TARGET)(_hex_digest(_name.lower()))


@HASHES.add("Murmur3Hash", TEXT_TARGET)
def _murmur3(text: str) -> str:
    return struct.pack("<I", murmur3_32(text.encode())).hex()


@HASHES.add("Murmur3Hash128", TEXT_TARGET)
def _murmur3_128(text: str) -> str:
    return struct.pack("<QQ", *murmur3_128(text.encode())).hex()


@HASHES.add("XXH3", TEXT_TARGET)
def _xxh3(text: str) -> str:
    return str(xxhash.xxh3_64_hexdigest(text.encode()))


@HASHES.add("XXH128", TEXT_TARGET)
def _xxh128(text: str) -> str:
    return str(xxhash.xxh3_128_hexdigest(text.encode()))


HASHES.add("UUID", volatile=True)(lambda: str(uuid.uuid4()))


@HASHES.add("UUIDv7", volatile=True)
def _uuid7() -> str:
    drawn = int.from_bytes(os.urandom(10), "big")
    bits = (time.time_ns() // 1_000_000) << 80 | drawn
    bits = bits & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=bits & ~(0x3 << 62) | 0x2 << 62))


def _size_known(kind: str, size: int) -> Callable[[Constants], None]:
    def check(constants: Constants) -> None:
        given = constants.get("bytes")
        if isinstance(given, bytes) and len(given) != size:
            raise ArgumentError("bytes", f"{kind} ids must be {size} bytes, this one has {len(given)}")

    return check


def _identifier(kind: type, size: int) -> Callable[[Any], Any]:
    def make(given: Any) -> Any:
        if isinstance(given, str):
            try:
                given = bytes.fromhex(given)
            except ValueError:
                raise EvaluationError(f"{given!r} is not hexadecimal") from None
        if not isinstance(given, bytes) or len(given) != size:
            raise EvaluationError(f"an id of {size} bytes is needed")
        return kind(given)

    return make


for _id, _kind, _word, _size in (
    ("TraceID", TraceId, "traces", 16),
    ("SpanID", SpanId, "span", 8),
    ("ProfileID", ProfileId, "profile", 16),
):
    HASHES.add(_id, Parameter("bytes"), check=_size_known(_word, _size))(_identifier(_kind, _size))

_PROTOCOLS = {"ICMP": 1, "TCP": 6, "UDP": 17, "RSVP": 46, "ICMP6": 58, "SCTP": 132}


@HASHES.add(
    "CommunityID",
    Parameter("sourceIP", getters.string),
    Parameter("sourcePort", getters.integer),
    Parameter("destinationIP", getters.string),
    Parameter("destinationPort", getters.integer),
    Parameter("protocol", getters.string, optional=True, default="TCP"),
    Parameter("seed", getters.integer, optional=True, default=0),
)
def _community_id(
    source: str, source_port: int, destination: str, destination_port: int, protocol: str, seed: int
) -> str:
    """Version 1 of corelight/community-id-spec."""
    try:
        ends = [
            (ipaddress.ip_address(source).packed, source_port),
            (ipaddress.ip_address(destination).packed, destination_port),
        ]
    except ValueError as error:
        raise EvaluationError(str(error)) from None
    number = _PROTOCOLS.get(protocol.upper())
    if number is None:
        raise EvaluationError(f"unsupported protocol: {protocol}")
    if not all(0 < port <= 65535 for _, port in ends) or not 0 <= seed <= 65535:
        raise EvaluationError("ports and the seed are numbers up to 65535")
    (low, low_port), (high, high_port) = sorted(ends)
    data = struct.pack("!H", seed) + low + high + struct.pack("!BBHH", number, 0, low_port, high_port)
    return "1:" + base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()
