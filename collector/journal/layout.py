"""The bytes of a journal: tables, keys, headers. Format 1.

    table      key                                              value
    entries    domain u32, offset u64, chunk u32 (big endian)   chunk 0: header, then the body's beginning; others: body
    tallies    domain u32                                       what was taken in and trimmed for the domain, ever
    domains    domain u32                                       its name
    receivers  receiver u16                                     its id (`otlp/edge`)
    counts     domain u32, component, NUL, outcome              records u64
    state      "next_offset"                                    u64: never derived from keys, so never reused

The header carries what the domain had taken in before this entry: the backlog behind any cursor is one subtraction.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple, Self

from collector.journal.chunks import CHUNK_BYTES
from collector.journal.price import cost_from, weight_of

KIND = "journal"
FORMAT_VERSION = 1
ENTRY_VERSION = 1

ENTRIES, TALLIES, DOMAINS, RECEIVERS, COUNTS, STATE = "entries", "tallies", "domains", "receivers", "counts", "state"
NEXT_OFFSET = b"next_offset"

ENTRY_KEY = Struct(">IQ")
"""domain, offset; the number of the chunk (u32) follows."""
CHUNK = Struct(">I")
FIRST_CHUNK = CHUNK.pack(0)
DOMAIN_KEY = Struct(">I")
RECEIVER_KEY = Struct(">H")
NUMBER = Struct("<Q")

HEADER = Struct("<BBHIQI16sQQQ")
"""version, dearness (`price`), receiver, records, received_unix_ms, length of the body, digest, entries, records and bytes before."""
FIRST_BYTES = CHUNK_BYTES - HEADER.size
"""How much of the body fits in chunk 0."""
_COMPONENT_BYTES = 400  # a key of LMDB has at most 511


class Header(NamedTuple):
    """Chunk 0 begins with it."""

    version: int
    dearness: int
    receiver: int
    records: int
    received_unix_ms: int
    length: int
    digest: bytes
    entries_before: int
    records_before: int
    bytes_before: int

    @classmethod
    def parse(cls, chunk: bytes) -> Self:
        return cls(*HEADER.unpack_from(chunk))

    @property
    def price(self) -> int:
        return cost_from(self.length, self.records, self.dearness)

    @property
    def weight(self) -> int:
        return weight_of(self.length, self.dearness, HEADER.size)

    @property
    def further_chunks(self) -> int:
        return max(0, -(-(self.length - FIRST_BYTES) // CHUNK_BYTES))


def entry_key(domain: int, offset: int) -> bytes:
    """The key of an entry's first chunk."""
    return ENTRY_KEY.pack(domain, offset) + FIRST_CHUNK


def count_key(domain: int, component: str, outcome: str) -> bytes:
    return DOMAIN_KEY.pack(domain) + component.encode()[:_COMPONENT_BYTES] + b"\0" + outcome.encode()


def parse_count_key(key: bytes) -> tuple[int, str, str]:
    component, _, outcome = key[DOMAIN_KEY.size :].decode(errors="replace").partition("\0")
    return DOMAIN_KEY.unpack_from(key)[0], component, outcome
