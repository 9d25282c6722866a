"""`LogBatch` → the body of one call, by either API.

import   {"inlineSource":{"logs":[{"data":"<base64>","logEntryTime":…,"collectionTime":…,…},…],"forwarder":"…"}}
legacy   {"customer_id":…,"log_type":…,"entries":[{"log_text":…,"ts_rfc3339":…},…]}
"""

from __future__ import annotations

import orjson
import polars as pl

from collector.batch import LogBatch
from collector.documents import quoted
from collector.documents.facts import happened, normalised
from collector.documents.framing import json_array
from collector.documents.models import texts
from exporters.chronicle.config import ChronicleConfig

_LAST_TIME = (1 << 63) - 1


def body(batch: LogBatch, config: ChronicleConfig) -> bytes:
    """The body, uncompressed."""
    return _import(batch, config) if config.api == "import" else _legacy(batch, config)


def _import(batch: LogBatch, config: ChronicleConfig) -> bytes:
    data = texts(batch, config.format, config).cast(pl.Binary).bin.encode("base64")
    entry, collected = _times(batch)
    pieces = [
        *(pl.lit('{"data":"'), pl.lit(data), pl.lit('","logEntryTime":"'), pl.lit(entry)),
        *(pl.lit('","collectionTime":"'), pl.lit(collected), pl.lit('"')),
        pl.lit(f',"environmentNamespace":{_json(config.namespace)}' if config.namespace else ""),
        _labels(batch, config),
        pl.lit("}"),
    ]
    logs = json_array(pl.select(pl.concat_str(pieces).alias("log")).to_series())
    forwarder = f',"forwarder":{_json(f"{config.parent}/forwarders/{config.forwarder}")}' if config.forwarder else ""
    return b'{"inlineSource":{"logs":%b%b}}' % (logs, forwarder.encode())


def _labels(batch: LogBatch, config: ChronicleConfig) -> pl.Expr:
    """`,"labels":{"team":{"value":"shop"},"domain":{"value":"tamyla.com"}}`."""
    fixed = [f"{_json(name)}:{_json({'value': value})}" for name, value in config.labels.items()]
    domain = pl.concat_str(pl.lit('"domain":{"value":'), pl.lit(quoted(batch.column("domain"))), pl.lit("}"))
    parts = [*(pl.lit(label) for label in fixed), *([] if "domain" in config.labels else [domain])]
    inner = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return pl.concat_str(pl.lit(',"labels":{'), inner, pl.lit("}"))


def _legacy(batch: LogBatch, config: ChronicleConfig) -> bytes:
    text, (entry, _) = quoted(texts(batch, config.format, config)), _times(batch)
    pieces = [pl.lit('{"log_text":'), pl.lit(text), pl.lit(',"ts_rfc3339":"'), pl.lit(entry), pl.lit('"}')]
    entries = json_array(pl.select(pl.concat_str(pieces).alias("entry")).to_series())
    head = {"customer_id": config.customer_id, "log_type": config.log_type}
    if config.namespace:
        head["namespace"] = config.namespace
    labels = [{"key": name, "value": value} for name, value in config.labels.items()]
    given = orjson.dumps({**head, **({"labels": labels} if labels else {})})
    return b'%b,"entries":%b}' % (given[:-1], entries)


def _times(batch: LogBatch) -> tuple[pl.Series, pl.Series]:
    """When it happened and, not before that, when it was seen: RFC 3339, nanoseconds."""
    batch = normalised(batch)
    moment = pl.lit(happened(batch))
    seen = pl.max_horizontal(moment, "observed_time_unix_nano")
    made = batch.records.select(_rfc3339(moment).alias("entry"), _rfc3339(seen).alias("collected"))
    return made["entry"], made["collected"]


def _rfc3339(nanos: pl.Expr) -> pl.Expr:
    moment = nanos.clip(upper_bound=_LAST_TIME).cast(pl.Int64).cast(pl.Datetime("ns"))
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ")


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
