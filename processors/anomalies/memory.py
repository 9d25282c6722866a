"""A watch as named bytes and back: tables in chunks, the rest by msgpack. The version of the encoding stands in front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgpack
import numpy as np

from processors.anomalies.episodes import Episode
from processors.anomalies.findings import Finding, Subject
from processors.anomalies.forecast import Gauge
from processors.anomalies.latency import Endpoint
from processors.anomalies.table import CHUNK_ROWS, Table
from processors.anomalies.values import Field, News
from processors.anomalies.watch import Key, Watch

VERSION = 1
_CHUNK = 512


def dumped(watch: Watch) -> dict[bytes, bytes]:
    """All of it, by name; the same watch gives the same bytes."""
    found: dict[bytes, bytes] = {b"meta": _packed(_meta(watch))}
    for name, table in _tables(watch).items():
        found |= {_name(name, i): chunk for i, chunk in enumerate(table.chunks())}
    for name, rows in _lists(watch).items():
        for i, start in enumerate(range(0, len(rows), _CHUNK)):
            found[_name(name, i)] = _packed(rows[start : start + _CHUNK])
    return found


def loaded(parts: Mapping[bytes, bytes], most_series: int) -> Watch | None:
    """The watch that gave these; None where another version of logboom wrote them in a way that is not known here."""
    meta = _unpacked(parts[b"meta"])
    if meta["version"] != VERSION:
        return None
    watch = Watch(most_series)
    for name, table in _tables(watch).items():
        table.load([parts[key] for key in sorted(parts) if key.startswith(name + b"/")])
    lists = {name: _joined(parts, name) for name in (b"keys", b"fields", b"endpoints", b"gauges")}
    _take_meta(watch, meta)
    _take_lists(watch, lists)
    return watch


def _tables(watch: Watch) -> dict[bytes, Table]:
    return {
        b"rows": watch.series.rows, b"slots": watch.series.slots, b"latency": watch.latency.rows,
        b"numbers": watch.forecasts.rows, b"contexts": watch.forecasts.contexts,
    }  # fmt: skip


def _lists(watch: Watch) -> dict[bytes, list[Any]]:
    values = watch.values
    return {
        b"keys": [[*key] for key in watch.keys],
        b"fields": [[row, name, f.began, f.records, f.values] for (row, name), f in sorted(values.fields.items())],
        b"endpoints": [[*each] for each in watch.latency.names],
        b"gauges": [[*each] for each in watch.forecasts.names],
    }


def _meta(watch: Watch) -> dict[str, Any]:
    series, usual = watch.series, watch.series.domain
    return {
        "version": VERSION, "closed": watch.closed, "began": watch.began, "unsure": watch.unsure,
        "observed": series.observed, "of_hour": series.of_hour, "of_day": series.of_day, "swing": series.swing,
        "hour": usual.hour.tobytes(), "day": usual.day.tobytes(), "known": usual.known.tobytes(), "odd": usual.odd.tobytes(),
        "services": [[*each] for each in watch.services], "sums": watch.sums.astype("<i8").tobytes(),
        "changed": [[*key, minute] for key, minute in sorted(watch.changed.items())],
        "versions": [[*key, known] for key, known in sorted(watch.versions.items())],
        "templates": sorted(watch.templates.items()),
        "news": [[*key, n.first, n.minutes, n.last, n.records, n.told] for key, n in sorted(watch.values.news.items())],
        "called": sorted(watch.episodes.called.items()),
        "open": [[each.finding, each.row, each.seen_last, each.paged] for _, each in sorted(watch.episodes.open.items())],
    }  # fmt: skip


def _take_meta(watch: Watch, meta: Mapping[str, Any]) -> None:
    series, usual = watch.series, watch.series.domain
    watch.closed, watch.began, watch.unsure = meta["closed"], meta["began"], meta["unsure"]
    series.observed, series.of_hour, series.of_day = meta["observed"], meta["of_hour"], meta["of_day"]
    series.swing = meta["swing"]
    usual.hour, usual.day = (np.frombuffer(meta[name], np.float32).copy() for name in ("hour", "day"))
    usual.known, usual.odd = np.frombuffer(meta["known"], np.bool_).copy(), np.frombuffer(meta["odd"], np.int8).copy()
    watch.take_services([(service, environment) for service, environment in meta["services"]])
    watch.sums = np.frombuffer(meta["sums"], "<i8").astype(np.intp).reshape(-1, 2)
    watch.changed = {(service, environment): minute for service, environment, minute in meta["changed"]}
    watch.versions = {(service, environment): known for service, environment, known in meta["versions"]}
    watch.templates = dict(meta["templates"])
    watch.values.news = {(row, name, value): News(*rest) for row, name, value, *rest in meta["news"]}
    watch.episodes.called = dict(meta["called"])
    for finding, row, seen_last, paged in meta["open"]:
        found = _finding(finding)
        watch.episodes.open[found.key] = Episode(found, row, seen_last, paged)


def _take_lists(watch: Watch, lists: Mapping[bytes, list[Any]]) -> None:
    watch.keys = [Key(*each) for each in lists[b"keys"]]
    watch.index = {key: row for row, key in enumerate(watch.keys) if key.level or key.pattern}
    watch.values.fields = {
        (row, name): Field(began, records, values) for row, name, began, records, values in lists[b"fields"]
    }
    watch.latency.names = [Endpoint(*each) for each in lists[b"endpoints"]]
    watch.latency.index = {each: row for row, each in enumerate(watch.latency.names)}
    watch.forecasts.names = [Gauge(*each) for each in lists[b"gauges"]]
    watch.forecasts.index = {each: row for row, each in enumerate(watch.forecasts.names)}


def _finding(given: list[Any]) -> Finding:
    kind, subject, page, expected, seen, minutes, since, sure, over, unit, more, at = given
    pairs = tuple((key, value) for key, value in more)
    return Finding(kind, Subject(*subject), page, expected, seen, minutes, since, sure, over, unit, pairs, at)


def _joined(parts: Mapping[bytes, bytes], name: bytes) -> list[Any]:
    chunks = (_unpacked(parts[key]) for key in sorted(parts) if key.startswith(name + b"/"))
    return [each for chunk in chunks for each in chunk]


def _name(table: bytes, chunk: int) -> bytes:
    return table + b"/%06d" % chunk


def _packed(what: Any) -> bytes:
    packed: bytes = msgpack.packb(what)
    return packed


def _unpacked(data: bytes) -> Any:
    return msgpack.unpackb(data, strict_map_key=False)


def row_bytes(parts: Iterable[bytes]) -> int:
    """What parts take on disk."""
    return sum(len(part) for part in parts)


__all__ = ["CHUNK_ROWS", "VERSION", "dumped", "loaded", "row_bytes"]
