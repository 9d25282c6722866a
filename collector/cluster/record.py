"""An accepted payload as a record of the topics `intake` and `control`, and back.

    key               the domain; its partition is `partition_of(domain, P)`, never the client's choice
    value             the body
    header receiver   the component through which it came
    header slot       who accepted it: `<instance>/<ingest slot>`
    header entry      version u8, dearness u8, content u32 (`journal.layout.content_of`), received_unix_ms u64, seed u64, digest 16,
                      checksum of the body 8; then xxh32 of all that, the domain and the receiver

The brokers check what they store, but not what a client's memory made of it: the same two checksums as in a journal on disk tell
whether an entry is what was accepted. What has no such header was put there by somebody else; it is damaged, never passed over.

Offsets: an entry's is Kafka's + 1, for a cursor of 0 means that nothing was passed. So a cursor is the offset that Kafka is asked
for next.
"""

from __future__ import annotations

from struct import Struct

import xxhash

from collector.journal.accompanied import parted
from collector.journal.entry import Entry, Payload
from collector.journal.layout import CHECKSUM_BYTES, MOST_RECORDS, PayloadKind, checksum_of, content_of
from collector.journal.price import cost_from
from collector.kafka.wire import Message, NewRecord, Place
from collector.ledger.sources import partition_of

VERSION = 1
NOBODY = "unknown"
"""The domain of records whose key names none."""
_FACTS = Struct("<BBIQQ16s8s")
_OWN = Struct("<I")
_KIND_SHIFT = 24
_WITH_CLIENT = 0x80
_KINDS = frozenset(PayloadKind)
_MOST_DOMAIN_BYTES = 255


def record_of(payload: Payload, topic: str, partitions: int, slot: bytes) -> NewRecord:
    """What is put for a payload."""
    key, receiver = payload.domain.encode(), payload.receiver.encode()
    facts = _FACTS.pack(
        VERSION, payload.dearness, content_of(payload.records, payload.kind, payload.with_client),
        payload.received_unix_ms, payload.seed, payload.digest,
        payload.checksum or checksum_of(payload.body, payload.seed),
    )  # fmt: skip
    headers = (
        ("receiver", receiver),
        ("slot", slot),
        ("entry", facts + _OWN.pack(_checksum(facts, key, receiver))),
    )
    return NewRecord(Place(topic, partition_of(payload.domain, partitions)), key, payload.body, headers)


def entry_of(message: Message, journal: str, receiver_of_none: str) -> Entry:
    """The entry that a record is. `receiver_of_none`: of one that names no receiver."""
    headers, key, body = dict(message.headers), message.key or b"", message.value or b""
    facts, receiver = headers.get("entry", b""), headers.get("receiver", b"")
    domain = _domain(key)
    if domain.encode() != key or not _is_ours(facts, key, receiver):
        named = receiver.decode(errors="replace") or receiver_of_none
        received = max(0, message.unix_ms)
        return Entry(
            journal, message.offset + 1, domain, named, body, 1, received, bytes(16), cost_from(len(body), 1, 0),
            damaged=True,
        )  # fmt: skip
    _, dearness, content, received_unix_ms, seed, digest, checksum = _FACTS.unpack_from(facts)
    kind = content >> _KIND_SHIFT & ~_WITH_CLIENT
    records, length, client, provenance = content & MOST_RECORDS, len(body), "", ""
    is_whole = kind in _KINDS and checksum_of(body, seed)[:CHECKSUM_BYTES] == checksum
    if is_whole and content >> _KIND_SHIFT & _WITH_CLIENT:
        body, client, provenance = parted(body)
    return Entry(
        journal, message.offset + 1, domain, receiver.decode(), body, records, received_unix_ms, digest,
        cost_from(length, records, dearness),
        damaged=not is_whole,
        made=kind if kind != PayloadKind.TEXT and is_whole else 0,
        text=kind == PayloadKind.TEXT,
        client=client,
        provenance=provenance,
    )  # fmt: skip


def _domain(key: bytes) -> str:
    try:
        domain = key.decode()
    except UnicodeDecodeError:
        return NOBODY
    return domain if 0 < len(key) <= _MOST_DOMAIN_BYTES and "\0" not in domain else NOBODY


def _is_ours(facts: bytes, key: bytes, receiver: bytes) -> bool:
    if len(facts) != _FACTS.size + _OWN.size:
        return False
    own = _OWN.unpack_from(facts, _FACTS.size)[0]
    return facts[0] == VERSION and own == _checksum(facts[: _FACTS.size], key, receiver)


def _checksum(facts: bytes, key: bytes, receiver: bytes) -> int:
    return xxhash.xxh32_intdigest(b"\0".join((facts, key, receiver)))
