"""Which index, data stream and mapping mode each record goes to.

index    `logs_index`, else attribute `elasticsearch.index`, else `{type}-{dataset}-{namespace}`
dataset  attribute `data_stream.dataset`, else `collectortelemetry` for a Collector's own scopes, else the scope's
         `encoding.format`, else the receiver or connector in the scope's name, else `generic`; namespace:
         `data_stream.namespace`, else `default`; type: `logs`
Attributes are looked for in the record, then its scope, then its resource, as far as the option `routing_attributes` lets
them; what was taken out of a body never counts. All of it happens once per distinct answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns import tables
from collector.columns.distinct import few_rows
from collector.delivery.routing_options import RoutingAttributes
from collector.documents.nested.record_texts import timestamps
from collector.documents.nested.values import text
from exporters.elasticsearch.config import LogstashFormat, Mode

INDEX, TYPE, DATASET, NAMESPACE = (
    "elasticsearch.index",
    "data_stream.type",
    "data_stream.dataset",
    "data_stream.namespace",
)
_LOOKED_FOR = {"index": INDEX, "type": TYPE, "dataset": DATASET, "namespace": NAMESPACE}
_COMPONENTS = (re.compile(r"/receiver/(\w+receiver)"), re.compile(r"/connector/(\w+connector)"))
_COLLECTOR = frozenset(
    f"go.opentelemetry.io/collector/{package}"
    for package in (
        "receiver/receiverhelper",
        "scraper/scraperhelper",
        "processor/processorhelper",
        "exporter/exporterhelper",
        "service",
    )
)
_NAMESPACE_TABLE = str.maketrans(dict.fromkeys('\\/*?"<>| ,#:', "_"))
_DATASET_TABLE = str.maketrans(dict.fromkeys('-\\/*?"<>| ,#:', "_"))
_MAX_BYTES = 100
_STREAM = ("type", "dataset", "namespace")
WRONG_TYPE = "data_stream.type cannot be other than logs or metrics"
WRONG_NAME = 'elasticsearch.index names no index: at most 255 bytes, not . or .., no leading - _ +, none of \\ / * ? " < > | space , # :'
_NO_INDEX = re.compile(r'^[-_+]|^\.{0,2}$|[\\/*?"<>| ,#:\x00-\x1f\x7f]')
_LONGEST_NAME = 255  # bytes


@dataclass(frozen=True, slots=True)
class Routes:
    """The distinct places, and which of them each record goes to.

    Args:
        index: the places' names; null where records cannot be routed.
        stream: columns type, dataset, namespace of each place; null where the index is no data stream.
        place: for each record a position in the two.
        named: whether the records themselves chose the place, by their attributes; None = none of them did.
    """

    index: pl.Series
    stream: pl.DataFrame
    place: pl.Series
    named: pl.Series | None = None

    def chosen(self) -> pl.Series:
        """For each record whether its own attributes chose the place."""
        if self.named is None:
            return pl.repeat(False, len(self.place), dtype=pl.Boolean, eager=True)
        return self.spread(self.named)

    def spread(self, values: pl.Series) -> pl.Series:
        """One value a place as one value a record."""
        if len(values) == 1:
            return values.new_from_index(0, len(self.place))
        return values.gather(self.place)


@dataclass(frozen=True, slots=True)
class Router:
    """Routes batches by the options `logs_index`, `logstash_format` and `routing_attributes`."""

    static_index: str
    logstash: LogstashFormat
    levels: RoutingAttributes = "all"

    def routes(self, batch: LogBatch, mode: Mode) -> Routes:
        """Where the records go."""
        found = self._static(len(batch)) if self.static_index else _by_attributes(batch.for_routing(self.levels), mode)
        if not self.logstash.enabled:
            return found
        dated = self._dated(batch, found.spread(found.index))
        names = dated.unique()
        place = dated.replace_strict(names, pl.Series(range(len(names)), dtype=pl.UInt32), return_dtype=pl.UInt32)
        chosen = found.chosen()
        by_place = None if not chosen.any() else names.is_in(dated.filter(chosen).unique().implode())
        return Routes(names, _no_stream(len(names)), place, by_place)

    def _static(self, height: int) -> Routes:
        return Routes(pl.Series("index", [self.static_index]), _no_stream(1), _first(height))

    def _dated(self, batch: LogBatch, index: pl.Series) -> pl.Series:
        """By the record's time, not the clock: a record that is sent again finds its own index."""
        dates = timestamps(batch).dt.strftime(self.logstash.date_format)
        separator = pl.lit(self.logstash.prefix_separator)
        return pl.select(pl.concat_str(pl.lit(index), separator, pl.lit(dates)).alias("index")).to_series()


def names_its_index(batch: LogBatch, levels: RoutingAttributes) -> pl.Series:
    """Whether each record, its scope or its resource has the attribute `elasticsearch.index`."""
    return _attribute(batch.for_routing(levels), INDEX).is_not_null()


def data_stream_json(stream: pl.DataFrame) -> pl.Series:
    """`{"type":…,"dataset":…,"namespace":…}`; null without a data stream. Places are few."""
    told = [None if None in row else text(dict(zip(_STREAM, row, strict=True))) for row in stream.iter_rows()]
    return pl.Series("data_stream", told, dtype=pl.String)


def _by_attributes(batch: LogBatch, mode: Mode) -> Routes:
    """Once per distinct answer; once a scope, where records and resources say nothing about it."""
    fallback = [_fallback(*pair) for pair in _scopes(batch)]
    if (
        batch.scopes.height
        and not any(_named(batch.attributes, batch.derived))
        and not any(_named(batch.resource_attributes))
    ):
        levels = [tables.aligned_text(batch.scope_attributes, key, batch.scopes.height) for key in _LOOKED_FOR.values()]
        told = list(zip(*(level.to_list() for level in levels), fallback, strict=True))
        numbers = {row: number for number, row in enumerate(dict.fromkeys(told))}
        of_scope = pl.Series([numbers[row] for row in told], dtype=pl.UInt32)
        return _places(mode, list(numbers), of_scope[batch.column("scope")])
    columns = {name: _attribute(batch, key) for name, key in _LOOKED_FOR.items()}
    scope = pl.Series(fallback, dtype=pl.String)
    columns["fallback"] = (
        scope.gather(batch.column("scope")) if len(scope) else tables.nulls("", pl.String(), len(batch))
    )
    distinct, place = few_rows(pl.DataFrame(columns))
    return _places(
        mode, distinct.rows(), pl.arange(len(batch), dtype=pl.UInt32, eager=True) if place is None else place
    )


def _places(mode: Mode, told: Sequence[tuple[str | None, ...]], place: pl.Series) -> Routes:
    """Args:
    told: index, type, dataset, namespace and fallback of each place.
    """
    answers = pl.DataFrame(
        [_route(mode, *row) for row in told], dict.fromkeys(("index", *_STREAM), pl.String), orient="row"
    )
    named = pl.Series([any(value is not None for value in row[:-1]) for row in told], dtype=pl.Boolean)
    return Routes(answers.get_column("index"), answers.select(_STREAM), place, named if named.any() else None)


def _named(attributes: pl.DataFrame, derived: pl.DataFrame | None = None) -> Iterator[bool]:
    """For each attribute that is looked for, whether any of these has it."""
    keys = attributes.get_column("key")
    for wanted in _LOOKED_FOR.values():
        yield (derived is not None and wanted in derived.columns) or bool((keys == wanted).any())


def _first(height: int) -> pl.Series:
    return pl.repeat(0, height, dtype=pl.UInt32, eager=True)


def _attribute(batch: LogBatch, key: str) -> pl.Series:
    """The attribute of each record, else of its scope, else of its resource."""
    levels = [batch.attribute_text(key)]
    for table, owners, level in (
        (batch.scope_attributes, batch.scopes, "scope"),
        (batch.resource_attributes, batch.resources, "resource"),
    ):
        values = tables.aligned_text(table, key, owners.height)
        if values.null_count() < len(values):
            levels.append(values.gather(batch.column(level)))
    if len(levels) == 1:
        return levels[0]
    return pl.select(pl.coalesce(pl.lit(level) for level in levels).alias(key)).to_series()


def _scopes(batch: LogBatch) -> list[tuple[str | None, str]]:
    texts = batch.scope_attributes
    if texts.height:
        texts = texts.filter(pl.col("kind") == int(ValueKind.STRING))
    encoding = tables.aligned_text(texts, "encoding.format", batch.scopes.height)
    return list(zip(encoding.to_list(), batch.scopes.get_column("name").fill_null("").to_list(), strict=True))


def _fallback(encoding: str | None, scope_name: str) -> str:
    if scope_name in _COLLECTOR:
        return "collectortelemetry"
    if encoding:
        return encoding
    found = next(filter(None, (component.search(scope_name) for component in _COMPONENTS)), None)
    return found[1] if found else "generic"


def _route(
    mode: Mode, index: str | None, type_: str | None, dataset: str | None, namespace: str | None, fallback: str | None
) -> tuple[str | None, str | None, str | None, str | None]:
    if index is not None:
        good = not _NO_INDEX.search(index) and len(index.encode()) <= _LONGEST_NAME
        return index if good else None, None, None, None
    stream_type = (type_ or "logs") if mode == "bodymap" else "logs"
    if stream_type not in ("logs", "metrics"):
        return None, None, None, None
    suffix = ".otel" if mode == "otel" else ""
    dataset = _clean(dataset if dataset is not None else fallback or "generic", _DATASET_TABLE, suffix)
    namespace = _clean(namespace if namespace is not None else "default", _NAMESPACE_TABLE, "")
    index = f"{stream_type}-{dataset}-{namespace}"
    return (index, stream_type, dataset, namespace) if dataset and namespace else (index, None, None, None)


def _clean(name: str, table: dict[int, str], suffix: str) -> str:
    """As Elasticsearch allows: no forbidden characters, lower case, at most 100 bytes with the suffix."""
    name = "".join(character.lower()[0] for character in name.translate(table))  # İ is two characters in lower case
    return name.encode()[: _MAX_BYTES - len(suffix)].decode(errors="ignore") + suffix


def _no_stream(height: int) -> pl.DataFrame:
    return pl.DataFrame({name: tables.nulls(name, pl.String(), height) for name in _STREAM})
