"""The bytes of a journal: tables, keys, headers. Format 2.

    table      key                                              value
    entries    domain u32, offset u64, chunk u32 (big endian)   chunk 0: header, then the body's beginning; others: body
    tallies    domain u32                                       what was taken in and trimmed for the domain, ever
    domains    domain u32                                       its name
    receivers  receiver u16                                     its id (`otlp/edge`)
    counts     domain u32, component, NUL, outcome              records u64
    state      "next_offset"                                    u64: never derived from keys, so never reused
               "position", NUL, receiver u16, source            how far a receiver has read of it (`positions.py`)

The header carries what the domain had taken in before this entry: the backlog behind any cursor is one subtraction.

LMDB checks none of the bytes that it gives back, so an entry of version 2 has a checksum of its header, and one of its body.
The second is a part of the digest that tells duplicates, where that is of the same bytes: they are hashed once. Format 1 had
entries of version 1 alone, which have neither.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple, Self

import xxhash

from collector.disk.chunks import CHUNK_BYTES
from collector.journal.price import cost_from, weight_of

KIND = "journal"
FORMAT_VERSION = 2
OLDEST_FORMAT = 1
ENTRY_VERSION = 2

ENTRIES, TALLIES, DOMAINS, RECEIVERS, COUNTS, STATE = "entries", "tallies", "domains", "receivers", "counts", "state"
TABLES = (ENTRIES, TALLIES, DOMAINS, RECEIVERS, COUNTS, STATE)
NEXT_OFFSET = b"next_offset"

ENTRY_KEY = Struct(">IQ")
"""domain, offset; the number of the chunk (u32) follows."""
CHUNK = Struct(">I")
FIRST_CHUNK = CHUNK.pack(0)
DOMAIN_KEY = Struct(">I")
RECEIVER_KEY = Struct(">H")
NUMBER = Struct("<Q")


class PayloadKind(IntEnum):
    """What the body of an entry is."""

    OTLP = 0
    """A protobuf `ExportLogsServiceRequest` of records that were sent."""
    MADE_1 = 1
    MADE_2 = 2
    MADE_3 = 3
    """The same of records that components of another logboom made, so many times over: its word was trusted when it came."""
    TEXT = 4
    """Lines as they stood in a file (`collector.journal.text`)."""


_KIND_SHIFT = 24
_WITH_CLIENT = 0x80
"""A bit beside the kind: the body begins with what came with the request (`collector.journal.accompanied`)."""
_SEALED = 0x40
"""Another: the body is encrypted (`collector.journal.sealing`), so are length, seed and checksum those of what is stored."""
MOST_RECORDS = (1 << _KIND_SHIFT) - 1

HEADER_1 = Struct("<BBHIQI16sQQQ")
"""version, dearness (`price`), receiver, records and kind, received_unix_ms, length of the body, digest, entries, records and bytes before."""
HEADER = Struct("<BBHIQI16sQQQQ8s")
"""The same, seed and checksum of the body; the checksum (xxh32) of the header and its key follows."""
_OWN_CHECKSUM = Struct("<I")
HEADER_BYTES = HEADER.size + _OWN_CHECKSUM.size
CHECKSUM_BYTES = 8
FIRST_BYTES = CHUNK_BYTES - HEADER_BYTES
"""How much of the body fits in chunk 0."""
_COMPONENT_BYTES = 400  # a key of LMDB has at most 511


class EntryHeader(NamedTuple):
    """Chunk 0 begins with it."""

    version: int
    dearness: int
    receiver: int
    content: int
    received_unix_ms: int
    length: int
    digest: bytes
    entries_before: int
    records_before: int
    bytes_before: int
    seed: int = 0
    checksum: bytes = b""

    @classmethod
    def parse(cls, chunk: bytes, domain: int, offset: int) -> Self | None:
        """None when these are not the bytes of the header that was written for this entry (of version 1: when they make no
        sense)."""
        version = chunk[0] if len(chunk) >= HEADER_1.size else 0
        if version == ENTRY_VERSION and len(chunk) >= HEADER_BYTES:
            (own,) = _OWN_CHECKSUM.unpack_from(chunk, HEADER.size)
            return cls(*HEADER.unpack_from(chunk)) if _checksum(chunk[: HEADER.size], domain, offset) == own else None
        if version == 1:
            header = cls(*HEADER_1.unpack_from(chunk))
            return header if len(chunk) == min(CHUNK_BYTES, header.size + header.length) else None
        return None

    @property
    def records(self) -> int:
        return self.content if self.version == 1 else self.content & MOST_RECORDS

    @property
    def kind(self) -> int:
        """A `PayloadKind`, or one of a later version: the upper byte of the number of records, which never needs it."""
        return PayloadKind.OTLP if self.version == 1 else self.content >> _KIND_SHIFT & ~(_WITH_CLIENT | _SEALED)

    @property
    def with_client(self) -> bool:
        """Whether the body begins with what came with the request."""
        return self.version > 1 and bool(self.content >> _KIND_SHIFT & _WITH_CLIENT)

    @property
    def sealed(self) -> bool:
        """Whether the body is encrypted."""
        return self.version > 1 and bool(self.content >> _KIND_SHIFT & _SEALED)

    @property
    def size(self) -> int:
        return HEADER_1.size if self.version == 1 else HEADER_BYTES

    @property
    def price(self) -> int:
        return cost_from(self.length, self.records, self.dearness)

    @property
    def weight(self) -> int:
        return weight_of(self.length, self.dearness, self.size)

    def is_of(self, body: bytes) -> bool:
        """Whether these are the bytes that were accepted; of an entry of version 1 as many."""
        if len(body) != self.length:
            return False
        return self.version == 1 or checksum_of(body, self.seed) == self.checksum


def checksum_of(body: bytes, seed: int) -> bytes:
    """Of a stored body: the first half of the digest (xxh3-128) that it has under the seed."""
    return xxhash.xxh3_128_digest(body, seed=seed)[:CHECKSUM_BYTES]


def content_of(records: int, kind: PayloadKind, with_client: bool = False, sealed: bool = False) -> int:
    """All of it as the header keeps them."""
    return records | (kind | _WITH_CLIENT * with_client | _SEALED * sealed) << _KIND_SHIFT


def packed(domain: int, offset: int, *header: int | bytes) -> bytes:
    """The fields of a `EntryHeader` of this version, with its own checksum."""
    facts = HEADER.pack(*header)
    return facts + _OWN_CHECKSUM.pack(_checksum(facts, domain, offset))


def _checksum(facts: bytes, domain: int, offset: int) -> int:
    """Of a header and its place: a page may come back in the place of another."""
    return xxhash.xxh32_intdigest(facts, (offset ^ domain << 16) & 0xFFFF_FFFF)


def entry_key(domain: int, offset: int) -> bytes:
    """The key of an entry's first chunk."""
    return ENTRY_KEY.pack(domain, offset) + FIRST_CHUNK


def count_key(domain: int, component: str, outcome: str) -> bytes:
    return DOMAIN_KEY.pack(domain) + component.encode()[:_COMPONENT_BYTES] + b"\0" + outcome.encode()


def parse_count_key(key: bytes) -> tuple[int, str, str]:
    component, _, outcome = key[DOMAIN_KEY.size :].decode(errors="replace").partition("\0")
    return DOMAIN_KEY.unpack_from(key)[0], component, outcome
