"""`LogBatch` ⇄ bytes: how a processed batch lies in the outbox.

    b"LB1" │ for each table of LogBatch: u32 length, then an Arrow IPC stream of that many bytes (0 = the empty table)

Buffers are lz4. Measured on 5,000 records with 6 attributes: 0.52 µs and 155 bytes a record to write, 0.66 µs to
read. Plain is 0.27 µs but 708 bytes, which cost more to write to disk than lz4 costs to make; zstd is 1.0 µs and 69
bytes. Strings leave as plain Arrow strings: polars' string views would save 0.17 µs, but a batch that was filtered
still refers to the text of every record that it left out, and would be written with it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.ipc

from collector.batch import LogBatch
from collector.errors import StorageError
from collector.journal.entry import Entry
from collector.tables import ATTRIBUTES, PAYLOADS, RECORDS, RESOURCES, SCOPES

_MAGIC = b"LB1"
_LENGTH = struct.Struct("<I")
_EMPTY = {
    "records": RECORDS,
    "attributes": ATTRIBUTES,
    "derived": pl.Schema(),
    "resources": RESOURCES,
    "resource_attributes": ATTRIBUTES,
    "scopes": SCOPES,
    "scope_attributes": ATTRIBUTES,
    "payloads": PAYLOADS,
}
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)


def encode_batch(batch: LogBatch) -> bytes:
    """The batch in one buffer; about 155 bytes a record."""
    parts = [_MAGIC]
    for name in _EMPTY:
        stream = _stream(getattr(batch, name))
        parts += [_LENGTH.pack(len(stream)), stream]
    return b"".join(parts)


def decode_batch(data: bytes) -> LogBatch:
    """The batch that was encoded, column for column. Raises `StorageError` for foreign bytes."""
    if not data.startswith(_MAGIC):
        raise StorageError("an outbox entry has a format that this version does not know")
    try:
        return LogBatch(**dict(_tables(data)))
    except (pa.ArrowException, OSError, struct.error) as error:
        raise StorageError(f"an outbox entry can not be read: {error}") from error


def _stream(frame: pl.DataFrame) -> pa.Buffer | bytes:
    if not frame.width or not frame.height:
        return b""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _tables(data: bytes) -> Iterator[tuple[str, pl.DataFrame]]:
    buffer, at = pa.py_buffer(data), len(_MAGIC)
    for name, schema in _EMPTY.items():
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        yield name, _frame(buffer.slice(at, length)) if length else pl.DataFrame(schema=schema)
        at += length


def _frame(stream: pa.Buffer) -> pl.DataFrame:
    frame = pl.from_arrow(pa.ipc.open_stream(stream).read_all(), rechunk=False)
    assert isinstance(frame, pl.DataFrame)
    return frame


def encode_entries(entries: Sequence[Entry]) -> bytes:
    """Journal entries with their bodies, in one buffer: what a spilled or dead-lettered payload becomes."""
    parts = []
    for entry in entries:
        facts = (entry.journal, entry.offset, entry.domain, entry.receiver, entry.records, entry.received_unix_ms)
        piece = (entry.first, entry.rest) if entry.partial else ()
        head = orjson.dumps([*facts, entry.digest.hex(), *piece])
        parts += [_LENGTH.pack(len(head)), head, _LENGTH.pack(len(entry.body)), entry.body]
    return b"".join(parts)


def decode_entries(data: bytes) -> list[Entry]:
    """The entries that were encoded."""
    entries = []
    fields = iter(_framed(data))
    for head, body in zip(fields, fields, strict=True):
        journal, offset, domain, receiver, records, received_unix_ms, digest, *piece = orjson.loads(head)
        first, rest = piece or (0, 0)
        entries.append(
            Entry(
                journal, offset, domain, receiver, body, records, received_unix_ms, bytes.fromhex(digest),
                first=first, rest=rest,
            )
        )  # fmt: skip
    return entries


def _framed(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        yield data[at : at + length]
        at += length
