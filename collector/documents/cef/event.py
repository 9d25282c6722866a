"""A batch → one CEF event a record."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.cef import escaping
from collector.documents.cef.mapping import forms, mapped
from collector.documents.device_event import per_record
from collector.documents.device_event.device import Device
from collector.documents.device_event.extras import extras
from collector.documents.device_event.identity import Identity
from collector.documents.device_event.mapped import shown
from collector.documents.device_event.pieces import Form, Pieces
from collector.documents.device_event.severity import cef_severity
from collector.documents.device_event.sources import Attributes, Source, of_column, of_rows

_VENDOR, _PRODUCT, _VERSION, _CLASS, _NAME = 63, 63, 31, 1023, 512
_DEFAULT = Device()


def cef_text(
    batch: LogBatch, device: Device = _DEFAULT, *, version: int = 0, extra_attributes: bool = False
) -> pl.Series:
    """`CEF:0|vendor|product|version|class|name|severity|key=value …`: String, one line a record, no null.

    Args:
        device: the first part of the header.
        version: 0 for `CEF:0`, 1 for `CEF:1`.
        extra_attributes: attributes without a key of the dictionary become keys of their own, before the message.
    """
    attributes = Attributes(batch)
    identity = Identity(batch, attributes)
    pairs = _extension(batch, attributes, identity, version).columns(escaping.extension)
    if extra_attributes:
        pairs.insert(-1, pl.lit(extras(batch, shown(mapped(version)), escaping.extension, " ")))
    first = pl.concat_str(*_header(batch, identity, f"CEF:{version}|{_device(device)}|"), pairs[0])
    return pl.select(pl.concat_str(first, *pairs[1:], separator=" ", ignore_nulls=True).alias("cef")).to_series()


def _device(device: Device) -> str:
    fields = pl.Series([device.vendor, device.product, device.version])
    return "|".join(escaping.header(fields, pl.Series([_VENDOR, _PRODUCT, _VERSION])).fill_null("unknown"))


def _header(batch: LogBatch, identity: Identity, start: str) -> list[pl.Expr]:
    pieces = Pieces(len(batch), {"class": Form(start, _CLASS), "name": Form("|", _NAME)})
    for source in identity.classes():
        pieces.add("class", source)
    for source in identity.names():
        pieces.add("name", source)
    severity = cef_severity(batch.column("severity_number"), batch.attribute("logboom.triage.level"))
    bars = pl.Series([f"|{number}|" for number in range(11)])
    return [*pieces.columns(escaping.header), pl.lit(bars).gather(pl.lit(severity))]


def _extension(batch: LogBatch, attributes: Attributes, identity: Identity, version: int) -> Pieces:
    pieces = Pieces(len(batch), forms(version))
    for key, source in _per_record(batch).items():
        pieces.add(key, source)
    pieces.add("cat", identity.categories())
    for line in mapped(version):
        line.fill(pieces, attributes)
    return pieces


def _per_record(batch: LogBatch) -> dict[str, Source]:
    number = batch.column("severity_number")
    return {
        "rt": of_rows(per_record.epoch_ms(batch)),
        "externalId": of_rows(batch.column("record_id")),
        "cn2": of_column(number.set(number == 0, None).cast(pl.String)),
        "cs1": of_column(per_record.hexadecimal(batch.column("trace_id"))),
        "deviceDnsDomain": of_column(batch.column("domain")),
        "msg": of_rows(per_record.message(batch)),
    }
