"""A batch → one LEEF event a record."""

from __future__ import annotations

from functools import cache
from typing import Literal

import polars as pl

from collector.batch import LogBatch
from collector.documents.device_event import per_record
from collector.documents.device_event.device import Device
from collector.documents.device_event.extras import extras
from collector.documents.device_event.identity import Identity
from collector.documents.device_event.mapped import shown
from collector.documents.device_event.pieces import Pieces
from collector.documents.device_event.severity import leef_severity
from collector.documents.device_event.sources import Attributes, Source, of_column, of_constants, of_rows
from collector.documents.facts import said
from collector.documents.leef import cleaning
from collector.documents.leef.attributes import EVENT_ID_LENGTH
from collector.documents.leef.delimiter import delimiter_character, in_header
from collector.documents.leef.mapping import EVENT_ID, MAPPING, forms

_DEFAULT = Device()
_EPOCH_DIGITS = 13
"""QRadar takes a number of another length for no time in milliseconds: those before 2001 and after 2286 stay away."""
_LEVEL = "logboom.triage.level"
_SEVERITIES = [str(number) for number in range(11)]


def leef_text(
    batch: LogBatch,
    device: Device = _DEFAULT,
    delimiter: str = "\t",
    *,
    version: Literal["1.0", "2.0"] = "2.0",
    extra_attributes: bool = False,
) -> pl.Series:
    """`LEEF:2.0|vendor|product|version|event id|x09|key=value⇥key=value…`: String, one line a record, no null.

    Args:
        device: three fields of the header.
        delimiter: one character or its code (`x5E`); LEEF 1.0 has the tab alone.
        version: of the format. 1.0 has no delimiter in its header.
        extra_attributes: attributes without a key become keys of their own, before the message.

    Raises:
        ValueError: a delimiter that cannot be one.
    """
    character = delimiter_character(delimiter)
    if version == "1.0" and character != "\t":
        raise ValueError("delimiter: LEEF 1.0 knows no other than the tab")
    batch = said(batch)
    attributes = Attributes(batch)
    identity = Identity(batch, attributes)
    pieces = Pieces(len(batch), forms(f"LEEF:{version}|{_device(device)}|", character))
    for source in identity.classes():
        pieces.add(EVENT_ID, source)
    _add_attributes(pieces, batch, attributes, identity)
    columns = pieces.columns()
    event_id = columns.pop(EVENT_ID)
    pairs = list(columns.values())
    if extra_attributes:
        found = extras(batch, shown(MAPPING), frozenset(), cleaning.attribute(character), character)
        pairs.insert(len(pairs) - ("msg" in columns), pl.lit(found))
    after = "|" if version == "1.0" else f"|{in_header(character)}|"
    first = pl.concat_str(event_id, pl.lit(after), pairs[0])
    return pl.select(pl.concat_str(first, *pairs[1:], separator=character, ignore_nulls=True).alias("leef")).to_series()


@cache
def _device(device: Device) -> str:
    fields = pl.Series([device.vendor, device.product, device.version])
    return "|".join(cleaning.header(fields, pl.Series([EVENT_ID_LENGTH] * 3)).fill_null("unknown"))


def _add_attributes(pieces: Pieces, batch: LogBatch, attributes: Attributes, identity: Identity) -> None:
    pieces.add("cat", identity.categories())
    for key, source in _per_record(batch, attributes).items():
        pieces.add(key, source)
    for line in MAPPING:
        line.fill(pieces, attributes)


def _per_record(batch: LogBatch, attributes: Attributes) -> dict[str, Source]:
    number, time = batch.column("severity_number"), per_record.epoch_ms(batch)
    severity = leef_severity(number, attributes.text(_LEVEL))
    return {
        "sev": of_constants(severity.cast(pl.Int32).to_numpy(), _SEVERITIES),
        "devTime": of_rows(time.set(time.str.len_bytes() != _EPOCH_DIGITS, None)),
        "domain": of_column(per_record.domain(batch)),
        "traceId": of_column(per_record.hexadecimal(batch.column("trace_id"))),
        "spanId": of_rows(per_record.hexadecimal(batch.column("span_id"))),
        "recordId": of_rows(batch.column("record_id")),
        "severityNumber": of_column(number.set(number == 0, None).cast(pl.String)),
        "msg": of_rows(per_record.message(batch)),
    }
