"""A batch that is read in pieces gives the same records as one that is read at once."""

from __future__ import annotations

import polars as pl
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.batch import LogBatch, ValueKind, concat
from collector.errors import StorageError
from collector.journal.entry import Entry
from collector.ledger import pieces
from collector.ledger.codec import encode_batch
from collector.ledger.pieces import StoredBatch, open_batch
from collector.pipeline.decode import decode

RECORDS = 250


def batch() -> LogBatch:
    """A resource for every 7 records, a scope for every 3, attributes of all three levels, and derived ones."""
    message = ExportLogsServiceRequest()
    for number in range(RECORDS):
        if number % 7 == 0:
            resource = message.resource_logs.add()
            resource.resource.attributes.add(key="service.name").value.string_value = f"service {number}"
        if number % 3 == 0 or number % 7 == 0:
            scope = resource.scope_logs.add()
            scope.scope.name = f"scope {number}"
            scope.scope.attributes.add(key="of").value.int_value = number
        record = scope.log_records.add(severity_number=9, time_unix_nano=1 + number)
        record.body.string_value = f"body {number}"
        for key in range(number % 4):
            record.attributes.add(key=f"key {key}").value.double_value = number / 7
    entry = Entry("0" * 16, 1, "a.example", "otlp", message.SerializeToString(), RECORDS, 1_700_000_000_000, b"")
    made = decode([entry]).batch
    even = [str(number) if number % 2 else None for number in range(RECORDS)]
    return made.with_attributes({"logboom.component": pl.Series(even, dtype=pl.String)})


def seen(of: LogBatch) -> pl.DataFrame:
    """What a record is and what it belongs to, wherever that stands."""
    return of.records.drop("resource", "scope", "payload").with_columns(
        *(of.attribute(f"key {number}", ValueKind.DOUBLE) for number in range(4)),
        of.attribute("logboom.component"),
        of.resource_attribute("service.name"),
        of.scope_field("name").alias("scope"),
        of.scope_attribute("of", ValueKind.INT),
    )


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 64, RECORDS - 1, RECORDS])
@pytest.mark.parametrize("parts", [1, 3])
def test_pieces_joined_are_the_batch(monkeypatch: pytest.MonkeyPatch, size: int, parts: int) -> None:
    """Also when Arrow wrote its tables in several parts."""
    monkeypatch.setattr(pieces, "MOST_RECORDS", size)
    whole = batch()
    if parts > 1:
        whole = concat([whole.slice(at, RECORDS // parts + 1) for at in range(0, RECORDS, RECORDS // parts + 1)])
    stored = open_batch(encode_batch(whole), RECORDS)
    if size >= RECORDS:
        assert isinstance(stored, LogBatch)
        return
    assert isinstance(stored, StoredBatch)
    assert len(stored) == RECORDS
    found = [stored.piece(at) for at in range(0, RECORDS, size)]
    assert max(len(piece) for piece in found) == size
    assert max(piece.resources.height for piece in found) <= size // 7 + 2, "a piece holds only its own resources"
    assert seen(concat(found)).equals(seen(whole))


def test_what_takes_much_memory_comes_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(pieces, "_WHOLE_BYTES", 2 << 20)
    monkeypatch.setattr(pieces, "_PLAIN_BYTES", 1000)
    wide = LogBatch.of({"body": ["x" * 10_000] * 1000})
    stored = open_batch(encode_batch(wide), 1000)
    assert isinstance(stored, StoredBatch)
    assert 80 <= stored.piece_records <= 105
    assert stored.size_bytes >= 1 << 20, "with the piece that it gives it counts against the budget of delivery"


def test_damage_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MOST_RECORDS", 10)
    data = bytearray(encode_batch(batch()))
    data[200:600] = bytes(400)
    with pytest.raises(StorageError):
        open_batch(bytes(data), RECORDS)
