"""A batch while statements run over it: places are read and written as columns, and become a batch again once, at the end."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

import otlp_wire
from collector.batch import LogBatch
from collector.client_info import CLIENT, ClientInfo, client_info
from collector.columns import tables
from collector.columns.dictionary import Coded, encode
from collector.columns.tables import RECORDS, RESOURCES, SCOPES, ValueKind
from collector.ottl.plain.places import ADDRESS, ATTRIBUTES, AUTH, BODY, CACHE, Level, Place
from collector.ottl.statements.maps import Maps, Owners
from collector.ottl.statements.pool import Cells, Pool, Refs

_KINDS: Mapping[Any, ValueKind] = {pl.String: ValueKind.STRING, pl.Binary: ValueKind.BYTES}
_TEXTS = (BODY, "severity_text", "event_name")
_FEW_ROWS = 4
"""Of fewer than one row in so many values are read for themselves."""
_FEW, _MOST_COLUMNS = 64, 64
"""An attribute that fewer than one record in `_FEW` has, and more than `_MOST_COLUMNS` of them, stay rows."""
_SCHEMAS: Mapping[Level, pl.Schema] = {Level.RECORD: RECORDS, Level.SCOPE: SCOPES, Level.RESOURCE: RESOURCES}
_NUMBERS = frozenset({pl.UInt64, pl.UInt32, pl.Int32})


class Frame:
    """See the module's text. Level-wise: a record has its own row, a scope and a resource theirs."""

    def __init__(self, batch: LogBatch) -> None:
        self.batch = batch
        self.pool = Pool()
        self._keys: dict[str, int] = {}
        self._maps: dict[tuple[Level, str], Maps] = {}
        self._bases: dict[Level, tuple[int, Owners, Owners]] = {}
        self._fields: dict[tuple[Level, str], Refs] = {}
        self._written: set[tuple[Level, str]] = set()
        self._cells: dict[Place, Cells] = {}
        self._clients: dict[Place, Refs] = {}
        self._waiting = set(batch.derived.columns)

    def height(self, level: Level) -> int:
        """How many there are of a level."""
        return int(self._table(level).height)

    def _table(self, level: Level) -> pl.DataFrame:
        return {Level.RECORD: self.batch.records, Level.SCOPE: self.batch.scopes, Level.RESOURCE: self.batch.resources}[
            level
        ]

    def positions(self, source: Level, target: Level) -> npt.NDArray[np.int64] | None:
        """For each of `source` its row in `target`; None: its own."""
        if source is target:
            return None
        if target is Level.CLIENT:
            return self._payload_of(source)
        if source is Level.SCOPE:
            return self._resource_of_scopes
        column = self.batch.column("scope" if target is Level.SCOPE else "resource")
        return column.to_numpy().astype(np.int64)

    @cached_property
    def _resource_of_scopes(self) -> npt.NDArray[np.int64]:
        found = np.zeros(self.height(Level.SCOPE), dtype=np.int64)
        found[self.batch.column("scope").to_numpy()] = self.batch.column("resource").to_numpy()
        return found

    def _payload_of(self, level: Level) -> npt.NDArray[np.int64]:
        """The row of the request in `_came`, of a scope and a resource that of its first record; the last row: none."""
        nobody = self.batch.payloads.height
        of_records: npt.NDArray[np.int64] = self.batch.column("payload").cast(pl.Int64).fill_null(nobody).to_numpy()
        owners = self.positions(Level.RECORD, level)
        if owners is None:
            return of_records
        found = np.full(self.height(level), nobody, dtype=np.int64)
        found[owners[::-1]] = of_records[::-1]
        return found

    def _came(self, place: Place) -> Refs:
        """References to what came with each request, and behind them nothing."""
        if place not in self._clients:
            payloads = self.batch.payloads
            texts = payloads.get_column(CLIENT) if CLIENT in payloads.columns else [None] * payloads.height
            values = [_of_client(client_info(text), place) for text in texts]
            refs = np.where([value is not None for value in values], self.pool.add(values), -1)
            self._clients[place] = np.append(refs, -1).astype(np.int64)
        return self._clients[place]

    def clear_caches(self) -> None:
        """What a group of statements kept for itself."""
        for level in Level:
            self._maps.pop((level, CACHE), None)
        self._cells = {place: cells for place, cells in self._cells.items() if place.name != CACHE}

    def maps(self, level: Level, name: str, key: str | None = None) -> Maps:
        """The maps of a level; with `key` None all of their rows are there."""
        if (level, name) not in self._maps:
            self._maps[level, name] = self._empty(level) if name == CACHE else self._sent(level)
        found = self._maps[level, name]
        if level is Level.RECORD and name == ATTRIBUTES and self._waiting:
            for waiting in sorted(self._waiting) if key is None else {key} & self._waiting:
                self._take_in(found, waiting)
        return found

    def _empty(self, level: Level) -> Maps:
        nothing = np.zeros(0, dtype=np.int64)
        return Maps(self.height(level), nothing, nothing, nothing, self._keys, self.pool)

    def _attributes(self, level: Level) -> pl.DataFrame:
        batch = self.batch
        of_level = {
            Level.RECORD: batch.attributes, Level.SCOPE: batch.scope_attributes, Level.RESOURCE: batch.resource_attributes,
        }  # fmt: skip
        return of_level[level]

    def _sent(self, level: Level) -> Maps:
        table = self._attributes(level)
        coded = _coded_keys(table)
        names = np.array(
            [self._keys.setdefault(name, len(self._keys)) for name in coded.values.to_pylist()], dtype=np.int64
        )
        key = names[coded.codes] if len(names) else np.zeros(0, dtype=np.int64)
        owner = table.get_column("owner").to_numpy().astype(np.int64)
        base = self.pool.add_table(table)
        self._bases[level] = (base, owner, key)
        return Maps(self.height(level), owner, key, np.arange(base, base + table.height), self._keys, self.pool)

    def _take_in(self, maps: Maps, key: str) -> None:
        """A derived column becomes rows of the map, for it is looked at."""
        self._waiting.discard(key)
        series = self.batch.derived.get_column(key)
        base = self.pool.add_series(series, tables.kind_of(series))
        owners = series.is_not_null().arg_true().to_numpy().astype(np.int64)
        maps.put(key, owners, owners + base)

    def field(self, level: Level, name: str) -> Refs:
        """The references of a field."""
        if (level, name) not in self._fields:
            self._fields[level, name] = self._body() if name == BODY else self._typed_field(level, name)
        return self._fields[level, name]

    def _typed_field(self, level: Level, name: str) -> Refs:
        series = self._table(level).get_column(name)
        if series.dtype in _NUMBERS:
            series = _integers(series)
        kind = ValueKind.INT if series.dtype == pl.Int64 else _KINDS[type(series.dtype)]
        base = self.pool.add_series(series, kind)
        return np.arange(base, base + len(series))

    def _body(self) -> Refs:
        text, other = self.batch.column("body"), self.batch.column("body_any")
        base = self.pool.add_series(text, ValueKind.STRING)
        refs = np.where(text.is_not_null().to_numpy(), np.arange(base, base + len(text)), -1)
        if other.null_count() < len(other):
            base = self.pool.add_series(other, ValueKind.ANY)
            refs = np.where(other.is_not_null().to_numpy(), np.arange(base, base + len(other)), refs)
        return refs

    def texts(self, place: Place, rows: Owners) -> pl.Series | None:
        """A field as its column, in some rows, null = nil; None where it is no column of texts, or not that of the batch any more."""
        if place.key is not None or place.name not in _TEXTS or (place.level, place.name) in self._written:
            return None
        if place.name == BODY and self.batch.column("body_any").null_count() < len(self.batch):
            return None
        column = self._table(place.level).get_column(place.name)
        return column if len(rows) == len(column) else tables.values_at(column, rows)

    def numbers(self, place: Place, rows: Owners) -> Owners | None:
        """A field of numbers as they are, in some rows, 0 = not said; None where it is not that of the batch any more."""
        if (place.level, place.name) in self._written:
            return None
        of_rows: Owners = _integers(self._table(place.level).get_column(place.name)).to_numpy()[rows]
        return of_rows

    def read(self, place: Place, rows: Owners | None = None) -> Cells:
        """The values of a place for all of its level, or those in `rows`."""
        if place.name in (ATTRIBUTES, CACHE) and place.key is None:
            owners = np.arange(self.height(place.level)) if rows is None else rows
            wanted, inverse = np.unique(owners, return_inverse=True)
            values: list[Any] = [*self.maps(place.level, place.name).dicts(wanted), None]
            return Cells(inverse.astype(np.int32), values)
        if place not in self._cells:
            refs = self.refs(place)
            if rows is not None and len(rows) * _FEW_ROWS < len(refs):
                return self.pool.cells(refs[rows])
            self._cells[place] = self.pool.cells(refs)
        return self._cells[place] if rows is None else self._cells[place].at(rows)

    def refs(self, place: Place) -> Refs:
        """The references of a place: a field, or what stands under one key of a map."""
        if place.level is Level.CLIENT:
            return self._came(place)
        if place.key is not None:
            return self.maps(place.level, place.name, place.key).refs(place.key)
        return self.field(place.level, place.name)

    def write(self, place: Place, rows: Owners, refs: Refs) -> None:
        """Set a place in some rows of its level, each named once; reference -1 takes an attribute away."""
        self.forget(place)
        if place.key is None:
            own = self.field(place.level, place.name).copy()
            own[rows] = refs
            self._fields[place.level, place.name] = own
            self._written.add((place.level, place.name))
            return
        maps = self.maps(place.level, place.name, place.key)
        if (refs >= 0).any():
            maps.put(place.key, rows[refs >= 0], refs[refs >= 0])
        if (refs < 0).any():
            maps.remove(place.key, rows[refs < 0])

    def forget_keys(self, place: Place) -> None:
        """All values that were read of a map."""
        self.forget(place.whole)

    def forget(self, place: Place) -> None:
        """Values that were read of what changes now."""
        if place.key is not None:
            self._cells.pop(place, None)
            return
        self._cells = {
            known: cells
            for known, cells in self._cells.items()
            if (known.level, known.name) != (place.level, place.name)
        }

    def done(self) -> LogBatch:
        """The batch as the statements left it; what they did not touch is shared."""
        batch = self.batch
        for (level, name), maps in self._maps.items():
            if name == ATTRIBUTES and maps.dirty:
                batch = self._with_attributes(batch, level, maps)
        for level in Level:
            columns = {name: self._fields[one, name] for one, name in sorted(self._written) if one is level}
            if columns:
                batch = self._with_fields(batch, level, columns)
        return batch

    def _with_attributes(self, batch: LogBatch, level: Level, maps: Maps) -> LogBatch:
        table = self._attributes(level)
        base, owner, key = self._bases[level]
        at = maps.ref - base
        sent = (at >= 0) & (at < table.height)
        here = np.flatnonzero(sent)
        sent[here] = (owner[at[here]] == maps.owner[here]) & (key[at[here]] == maps.key[here])
        columns = self._columns(maps, sent) if level is Level.RECORD else {}
        new = np.flatnonzero(~sent & ~np.isin(maps.key, [self._keys[name] for name in columns]))
        if columns:
            sent &= ~np.isin(maps.key, [self._keys[name] for name in columns])
        stays = table if int(sent.sum()) == table.height else table[at[sent]]
        left_out = np.ones(table.height, dtype=np.bool_)
        left_out[at[sent]] = False
        others = np.concatenate((owner[left_out], maps.owner[new]))
        if len(new):
            stays = tables.stack([stays, self._new_rows(maps, new)])
            stays = stays[np.argsort(stays.get_column("owner").to_numpy(), kind="stable")]
        if level is not Level.RECORD:
            made: dict[str, Any] = {f"{level}_attributes": stays}
            return replace(batch, **made)
        kept = [batch.derived.get_column(name) for name in batch.derived.columns if name in self._waiting]
        derived = tables.with_columns(pl.DataFrame(), [*kept, *columns.values()])
        known = None if (before := batch.as_sent) is None else before.touch(others, stays)
        return replace(batch, attributes=stays, derived=derived, sent=known)

    def _columns(self, maps: Maps, sent: npt.NDArray[np.bool_]) -> dict[str, pl.Series]:
        """Attributes that became others and have one scalar kind: derived columns, so that the table need not be written anew."""
        marked = tables.FROM_BODY in self.batch.attributes.columns
        codes, counts = np.unique(maps.key[~sent], return_counts=True)
        names, found = list(self._keys), {}
        for code in codes[counts * _FEW >= maps.height].tolist()[:_MOST_COLUMNS]:
            rows = np.flatnonzero(maps.key == code)
            owners = maps.owner[rows]
            if (marked and sent[rows].any()) or len(np.unique(owners)) < len(owners):
                continue
            typed = self.pool.typed(maps.ref[rows])
            column = None if tables.is_marked(typed) else _column(typed, owners, maps.height)
            if column is not None:
                found[names[code]] = column.alias(names[code])
        return found

    def _new_rows(self, maps: Maps, rows: npt.NDArray[np.intp]) -> pl.DataFrame:
        names = pl.Series(list(self._keys), dtype=pl.String)
        keys = names.gather(pl.Series(maps.key[rows]))
        owner = pl.Series("owner", maps.owner[rows].astype(np.uint32))
        return tables.conform(pl.DataFrame([owner, keys.alias("key"), *self.pool.typed(maps.ref[rows]).get_columns()]))

    def _with_fields(self, batch: LogBatch, level: Level, fields: Mapping[str, Refs]) -> LogBatch:
        columns: list[pl.Series] = []
        for name, refs in fields.items():
            typed = tables.conform(self.pool.typed(refs), _TYPED)
            columns += (
                _body_columns(typed, refs) if name == BODY else [_field_column(typed, _SCHEMAS[level][name], name)]
            )
        table = {Level.RECORD: "records", Level.SCOPE: "scopes", Level.RESOURCE: "resources"}[level]
        made: dict[str, Any] = {table: self._table_of(batch, table).with_columns(columns)}
        return replace(batch, **made)

    def _table_of(self, batch: LogBatch, name: str) -> pl.DataFrame:
        found: pl.DataFrame = getattr(batch, name)
        return found


def _integers(series: pl.Series) -> pl.Series:
    return series.cast(pl.Int64, strict=False).fill_null(0)


class _LastKeys:
    """The keys of an attribute table; processors behind each other mostly look at the same one."""

    def __init__(self) -> None:
        self._known: tuple[weakref.ref[pl.DataFrame], Coded] | None = None

    def __call__(self, table: pl.DataFrame) -> Coded:
        known = self._known  # another thread may change it
        if known is not None and known[0]() is table:
            return known[1]
        coded = encode(table.get_column("key"))
        self._known = weakref.ref(table), coded
        return coded


_coded_keys = _LastKeys()


_TYPED = pl.Schema([(name, dtype) for name, dtype in tables.ATTRIBUTES.items() if name not in ("owner", "key")])


def _column(typed: pl.DataFrame, owners: Owners, height: int) -> pl.Series | None:
    """Values of one scalar kind, null for those that have none; None where they are of several kinds."""
    kinds = typed.get_column("kind")
    kind = int(kinds[0])
    if kind in (int(ValueKind.EMPTY), int(ValueKind.ANY)) or not (kinds == kind).all():
        return None
    values = typed.get_column(tables.VALUE_COLUMNS[ValueKind(kind)])
    if len(owners) == height and (owners == np.arange(height)).all():
        return values
    places = np.full(height, -1, dtype=np.int64)
    places[owners] = np.arange(len(owners))
    return values.gather(tables.optional_positions(places))


def _field_column(typed: pl.DataFrame, dtype: Any, name: str) -> pl.Series:
    if dtype in _NUMBERS:
        low, high = {pl.UInt64: (0, 2**63 - 1), pl.UInt32: (0, 2**32 - 1), pl.Int32: (-(2**31), 2**31 - 1)}[dtype]
        return typed.get_column("int").fill_null(0).clip(low, high).cast(dtype).alias(name)
    return typed.get_column("string" if dtype == pl.String else "bytes").alias(name)


def _body_columns(typed: pl.DataFrame, refs: Refs) -> list[pl.Series]:
    text = typed.get_column("string")
    other = typed.get_column("any").set(pl.Series(refs < 0), None)
    kinds = typed.get_column("kind").to_numpy()
    scalar = np.isin(kinds, [int(kind) for kind in (ValueKind.BOOL, ValueKind.INT, ValueKind.DOUBLE, ValueKind.BYTES)])
    if scalar.any():
        rows = np.flatnonzero(scalar)
        pool = Pool()
        base = pool.add_table(typed)
        cells = pool.cells(rows + base)
        made = [otlp_wire.any_from_python(cells.values[code]) for code in cells.codes.tolist()]
        other = other.scatter(pl.Series(rows), pl.Series(made, dtype=pl.Binary))
    return [text.alias("body"), other.alias("body_any")]


def _of_client(client: ClientInfo, place: Place) -> Any:
    """Values of a header are a list; None: it did not come."""
    if place.name == ADDRESS:
        return client.address
    assert place.key is not None
    if place.name == AUTH:
        return client.auth.get(place.key)
    values = client.metadata.get(place.key)
    return list(values) if values else None
