"""A batch → one CEF event a record."""

from __future__ import annotations

from functools import cache

import polars as pl

from collector.batch import LogBatch
from collector.documents.cef import escaping
from collector.documents.cef.mapping import CLASS, NAME, OWN_KEYS, forms, mapped
from collector.documents.device_event import per_record
from collector.documents.device_event.device import Device
from collector.documents.device_event.extras import extras
from collector.documents.device_event.identity import Identity
from collector.documents.device_event.mapped import shown
from collector.documents.device_event.pieces import Pieces
from collector.documents.device_event.severity import cef_severity
from collector.documents.device_event.sources import Attributes, Source, of_column, of_rows
from collector.documents.facts import said

_VENDOR, _PRODUCT, _VERSION = 63, 63, 31
_LEVEL = "logboom.triage.level"
_BARS = pl.Series([f"|{number}|" for number in range(11)])
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
    batch = said(batch)
    attributes = Attributes(batch)
    identity = Identity(batch, attributes)
    pieces = Pieces(len(batch), forms(version, _device(device)))
    for name, sources in ((CLASS, identity.classes()), (NAME, identity.names())):
        for source in sources:
            pieces.add(name, source)
    _add_extension(pieces, batch, attributes, identity, version)
    columns = pieces.columns()
    severity = cef_severity(batch.column("severity_number"), attributes.text(_LEVEL))
    header = [columns.pop(CLASS), columns.pop(NAME), pl.lit(_BARS).gather(pl.lit(severity))]
    pairs = list(columns.values())
    if extra_attributes:
        found = extras(batch, shown(mapped(version)), frozenset(OWN_KEYS), escaping.extension, " ")
        pairs.insert(len(pairs) - ("msg" in columns), pl.lit(found))
    first = pl.concat_str(*header, pairs[0])
    return pl.select(pl.concat_str(first, *pairs[1:], separator=" ", ignore_nulls=True).alias("cef")).to_series()


@cache
def _device(device: Device) -> str:
    fields = pl.Series([device.vendor, device.product, device.version])
    return "|".join(escaping.header(fields, pl.Series([_VENDOR, _PRODUCT, _VERSION])).fill_null("unknown"))


def _add_extension(pieces: Pieces, batch: LogBatch, attributes: Attributes, identity: Identity, version: int) -> None:
    for key, source in _per_record(batch).items():
        pieces.add(key, source)
    pieces.add("cat", identity.categories())
    for line in mapped(version):
        line.fill(pieces, attributes)


def _per_record(batch: LogBatch) -> dict[str, Source]:
    number = batch.column("severity_number")
    return {
        "rt": of_rows(per_record.epoch_ms(batch)),
        "externalId": of_rows(batch.column("record_id")),
        "cn2": of_column(number.set(number == 0, None).cast(pl.String)),
        "cs1": of_column(per_record.hexadecimal(batch.column("trace_id"))),
        "deviceDnsDomain": of_column(per_record.domain(batch)),
        "msg": of_rows(per_record.message(batch)),
    }
