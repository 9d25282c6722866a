"""Records as Elastic Security reads them: fields of the schema by name and kind, everything else under `labels`.

Beyond what the OpenTelemetry Collector's exporter writes (`mapping`): what kind of event it is, who talked to whom as IP
addresses and ports, the rule that triage found, the tenant, where in the code it was said. `kubernetes.*` and other names
that the schema does not have are labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.documents.bodies import body_text
from collector.documents.ecs.events import event_fields
from collector.documents.ecs.os_types import os_types
from collector.documents.ecs.schema import VERSION
from collector.documents.ecs.typed import addresses, typed, typed_derived
from collector.documents.facts import sides
from collector.documents.facts.names import FACTS
from collector.documents.facts.sides import Mask
from collector.documents.nested import Columns, Fields, Text, fields
from collector.documents.nested.layers import Layer
from collector.documents.nested.layout import nested
from collector.documents.nested.record_texts import given, id_text, number_text, observed_text, timestamp_text

LAYOUT = nested
MODULE = "logboom"
"""`event.module`, `agent.type`, and the first part of `event.dataset`."""


_PEER_AND_LOCAL = {
    "address": (sides.PEER_ADDRESS, sides.LOCAL_ADDRESS),
    "port": (sides.PEER_PORT, sides.LOCAL_PORT),
}
_PORT = r"^(?:0|[1-9]\d{0,4})$"


def security_layers(batch: LogBatch) -> list[Layer]:
    """The fields, later ones win: what was computed gives way to what the sender said."""
    found = fields(batch.attributes, len(batch))
    own, calling = typed(found), _calling(batch, found)
    resources = typed(fields(batch.resource_attributes, batch.resources.height, batch.column("resource")))
    return [
        _constants(batch),
        _of_resources(batch, resources),
        _of_scopes(batch),
        event_fields(batch, own),
        _ends(found, calling),
        resources,
        typed(fields(batch.scope_attributes, batch.scopes.height, batch.column("scope"))),
        own,
        typed_derived(batch),
        _of_records(batch),
        _related(found, own, calling),
    ]


def _constants(batch: LogBatch) -> Columns:
    said = {"ecs.version": VERSION, "event.module": MODULE, "event.dataset": f"{MODULE}.logs", "agent.type": MODULE}
    place = pl.repeat(0, len(batch), dtype=pl.UInt32, eager=True)
    return Columns([(key, Text.of(pl.Series([value]))) for key, value in said.items()], place)


def _of_resources(batch: LogBatch, resources: Fields) -> Columns:
    """The host's name is its hostname as well unless there is one."""
    columns = [("host.os.type", Text.of(os_types(batch)))]
    if (named := resources.column("host.name")) is not None:
        columns.append(("host.hostname", Text(named, quotes=True)))
    return Columns(columns, batch.column("resource"))


def _of_scopes(batch: LogBatch) -> Columns:
    return Columns([("log.logger", Text.of(given(batch.scopes.get_column("name"))))], batch.column("scope"))


def _of_records(batch: LogBatch) -> Columns:
    """A record's own fields, which no attribute replaces."""
    columns = [
        ("@timestamp", timestamp_text(batch)),
        ("event.action", Text.of(given(batch.column("event_name")))),
        ("event.created", observed_text(batch)),
        ("event.id", Text(batch.column("record_id"), quotes=True)),
        ("event.severity", number_text(batch.column("severity_number"))),
        ("log.level", Text.of(given(batch.column("severity_text")))),
        ("message", Text.of(body_text(batch))),
        ("organization.id", Text.of(batch.column("domain"))),
        ("span.id", id_text(batch.column("span_id"))),
        ("trace.id", id_text(batch.column("trace_id"))),
    ]
    return Columns(columns)


def _ends(found: Fields, calling: Mask) -> Columns:
    """Both ends of what the record is about: address, IP address, port."""
    columns: list[tuple[str, Text]] = []
    for end in ("source", "destination"):
        if (address := _of_end(found, end, "address", calling)) is not None:
            columns += [(f"{end}.address", Text(address, quotes=True)), _address(f"{end}.ip", address)]
        if (port := _of_end(found, end, "port", calling)) is not None:
            columns.append((f"{end}.port", Text(port.set(~port.str.contains(_PORT).fill_null(False), None))))
    for end in ("client", "server"):
        if (address := found.column(f"{end}.address")) is not None:
            columns.append(_address(f"{end}.ip", address))
    return Columns(columns)


def _calling(batch: LogBatch, found: Fields) -> Mask:
    def having(names: tuple[str, ...]) -> Mask:
        masks = [column.is_not_null().to_numpy() for name in names if (column := found.column(name)) is not None]
        present: Mask = np.logical_or.reduce([np.zeros(len(batch), dtype=np.bool_), *masks])
        return present

    return sides.calling(having, found.column(sides.KIND))


def _of_end(found: Fields, end: str, what: str, calling: Mask) -> pl.Series | None:
    """The first of the attributes that name it: its own names, then those of the peer or of ourselves, whichever it is."""
    peer, local = _PEER_AND_LOCAL[what]
    called_names, calling_names = (peer, local) if end == "source" else (local, peer)
    columns = _columns(found, FACTS[f"{end} {what}"])
    columns += [column.set(pl.Series(calling), None) for column in _columns(found, called_names)]
    columns += [column.set(pl.Series(~calling), None) for column in _columns(found, calling_names)]
    return _first(columns)


def _related(found: Fields, own: Fields, calling: Mask) -> Columns:
    """What one searches for when one has an address or a user, and not the role it played."""
    ends = [_of_end(found, end, "address", calling) for end in ("source", "destination")]
    users = [own.column(key) for key in ("user.name", "user.id", "user.email")]
    told = {
        "related.ip": _list(_address("", end)[1].texts for end in ends if end is not None),
        "related.user": _list(user for user in users if user is not None),
    }
    return Columns([(key, Text(listed)) for key, listed in told.items() if listed is not None])


def _columns(found: Fields, keys: Sequence[str]) -> list[pl.Series]:
    return [column for key in dict.fromkeys(keys) if (column := found.column(key)) is not None]


def _first(columns: Sequence[pl.Series]) -> pl.Series | None:
    """The first that each record has."""
    return pl.select(pl.coalesce(map(pl.lit, columns)).alias("")).to_series() if columns else None


def _address(key: str, texts: pl.Series) -> tuple[str, Text]:
    return key, Text(texts.set(~addresses(texts), None), quotes=True)


def _list(columns: Iterable[pl.Series]) -> pl.Series | None:
    """`["a","b"]` of what each record has; null for nothing."""
    quoted = [pl.concat_str(pl.lit('"'), pl.lit(column), pl.lit('"')) for column in columns]
    if not quoted:
        return None
    joined = pl.concat_str(quoted, separator=",", ignore_nulls=True)
    return pl.select(pl.when(joined != "").then(pl.concat_str(pl.lit("["), joined, pl.lit("]"))).alias("")).to_series()
