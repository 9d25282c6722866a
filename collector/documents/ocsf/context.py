"""What a resource says: the service that logs, the machine (`device`), its process, the cloud. Worked out once a resource."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from functools import lru_cache
from typing import Any

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.tables import aligned, aligned_text, nulls
from collector.documents.device_event.readings import one_machine
from collector.documents.member_texts import table_members
from collector.documents.ocsf.fields import Fields, Mask, Part, same
from collector.documents.ocsf.members import Json, Made, Text, json_object, text
from collector.documents.ocsf.validity import is_hostname

_OS_TYPES = {"windows": 100, "linux": 200, "darwin": 300, "solaris": 400, "aix": 401, "hpux": 402}
_OS_NAMES = {"Android": 201, "iOS": 301, "iPadOS": 302}
_ADDRESSES = "host.ip"
_MOST_KEPT = 256
_MAX_PID = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Context:
    """One value a record each, null = absent.

    Args:
        service: name of the service, as text; the others are JSON.
        left: attributes of the resource that found no place, as an object.
        left_without_host: the same for records whose class cannot name the machine.
    """

    service: pl.Series
    cloud: pl.Series
    device: pl.Series
    process: pl.Series
    left: pl.Series
    left_without_host: pl.Series


def context(batch: LogBatch, everywhere: bool) -> Context:
    """For all records of a batch. `everywhere`: every class can name the machine."""
    table, height = batch.resource_attributes, batch.resources.height
    if _may_be_kept(table):
        columns = _kept(_Resources(tuple(table.rows()), height, table), everywhere)
    else:
        columns = _columns(table, height, everywhere)
    if not height:
        return Context(*(nulls(name, pl.String(), len(batch)) for name in columns.columns))
    return Context(*columns.select(pl.all().gather(pl.lit(batch.column("resource")))).iter_columns())


def _may_be_kept(table: pl.DataFrame) -> bool:
    """Few rows, and no floating point, where different zeros are equal."""
    return table.height <= _MOST_KEPT and table.get_column("double").null_count() == table.height


@dataclass(frozen=True, slots=True)
class _Resources:
    """Resources that are the same if their rows are."""

    rows: tuple[Any, ...]
    height: int
    table: pl.DataFrame = field(compare=False)


@lru_cache(maxsize=64)
def _kept(resources: _Resources, everywhere: bool) -> pl.DataFrame:
    """Senders send the same few resources again and again, and what they say costs as much as all else of a small batch."""
    return _columns(resources.table, resources.height, everywhere)


def _columns(table: pl.DataFrame, height: int, everywhere: bool) -> pl.DataFrame:
    """The columns of `Context`, one row a resource."""
    fields = Fields(table, height)
    part = Part(fields, pl.arange(0, height, eager=True).to_numpy())
    service, cloud = part.text("service.name"), _cloud(part)
    without_host = None if everywhere else _left(fields)
    device, process = _device(part, _machine(table, height)), _process(part)
    left = _left(fields)
    made = (service, cloud, device, process, left, left if without_host is None else without_host)
    columns = [same(one, height) if isinstance(one, str) else one for one in made]
    return pl.DataFrame(
        [
            nulls(name.name, pl.String(), height) if column is None else column.alias(name.name)
            for name, column in zip(dataclass_fields(Context), columns, strict=True)
        ]
    )


def _left(fields: Fields) -> pl.Series:
    """Attributes that found no place, as an object; null for none."""
    table, _ = fields.left()
    inner = table_members(table, fields.height)
    whole = pl.concat_str(pl.lit("{"), pl.lit(inner).str.slice(1), pl.lit("}"))
    return pl.select(pl.when(pl.lit(inner) != "").then(whole).alias("left")).to_series()


def _cloud(part: Part) -> Made | None:
    """Without a provider there is no `cloud`."""
    provider = part.text("cloud.provider")
    if provider is None:
        return None
    known = provider.is_not_null().to_numpy()
    account = text(part.text("cloud.account.id", where=known))
    members = {
        "provider": Text(provider),
        "region": text(part.text("cloud.region", where=known)),
        "zone": text(part.text("cloud.availability_zone", where=known)),
        "account": json_object({"uid": account}),
    }
    return json_object(members, needs=["provider"])


def _device(part: Part, address: pl.Series | None) -> Made | None:
    """A machine with a name or an id. What kind of machine it is nobody says."""
    known = part.present("host.name", "host.id")
    hostname = part.text("host.name", valid=is_hostname)
    members = {
        "type_id": "0",
        "type": '"Unknown"',
        "hostname": text(hostname),
        "name": text(part.text("host.name", where=None if hostname is None else hostname.is_null().to_numpy())),
        "uid": text(part.text("host.id")),
        "ip": text(address),
        "os": _os(part, known),
    }
    return json_object(members, needs=["hostname", "name", "uid"])


def _machine(table: pl.DataFrame, height: int) -> pl.Series | None:
    """An address out of `host.ip`, which stays where it was, for it may hold more."""
    if not (table.get_column("key") == _ADDRESSES).any():
        return None
    said = aligned_text(table, _ADDRESSES, height)
    arrays = aligned(table, _ADDRESSES, ValueKind.ANY, height)
    if arrays.null_count() < height:
        from otlp_wire import any_json  # loads protobuf, which a batch without nested values never needs

        said = said.zip_with(said.is_not_null(), any_json(arrays))
    return one_machine(said)[0]


def _os(part: Part, where: Mask) -> Json | None:
    kind, name = part.text("os.type", where=where), part.text("os.name", where=where)
    if kind is None and name is None:
        return None
    named = pl.coalesce([pl.lit(given) for given in (name, kind) if given is not None])
    types = [_replaced(name, _OS_NAMES), _replaced(kind, _OS_TYPES), pl.lit("0")]
    frame = pl.select(name=named, type_id=pl.when(named.is_not_null()).then(pl.coalesce(types)))
    members: dict[str, Json | None] = {
        "name": Text(frame.get_column("name")),
        "type_id": frame.get_column("type_id"),
        "version": text(part.text("os.version", where=frame.get_column("name").is_not_null().to_numpy())),
    }
    return json_object(members, needs=["name"])


def _replaced(names: pl.Series | None, codes: dict[str, int]) -> pl.Expr:
    if names is None:
        return pl.lit(None, pl.String)
    known = {key: str(code) for key, code in codes.items()}
    return pl.lit(names.replace_strict(known, default=None, return_dtype=pl.String))


def _process(part: Part) -> Made | None:
    """The process that logs; it needs a pid."""
    pid = part.number("process.pid", low=0, high=_MAX_PID)
    if pid is None:
        return None
    name = text(part.text("process.executable.name", where=pid.is_not_null().to_numpy()))
    command = text(part.text("process.command_line", where=pid.is_not_null().to_numpy()))
    return json_object({"pid": pid.cast(pl.String), "name": name, "cmd_line": command}, needs=["pid"])
