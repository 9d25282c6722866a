"""Records as causes are sought in them: one row a record, a column a field.

time       Int64, nanoseconds
service    String, never null ("" = says none)
place      String: where in the program it was said: code location, else pattern, else its masked beginning; never null
error      Boolean
trace, span   String, null = none
FIELDS     String each, null = absent
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from collector.batch import LogBatch
from collector.documents.facts import happened

FIELDS: Mapping[str, tuple[str, ...]] = {
    "service.version": ("service.version", "container.image.tag", "vcs.ref.head.revision"),
    "host.name": ("host.name",),
    "k8s.pod.name": ("k8s.pod.name",),
    "k8s.node.name": ("k8s.node.name",),
    "k8s.namespace.name": ("k8s.namespace.name",),
    "container.image.tag": ("container.image.tag",),
    "deployment.environment.name": ("deployment.environment.name", "deployment.environment"),
    "cloud.region": ("cloud.region",),
    "cloud.availability_zone": ("cloud.availability_zone",),
    "logboom.component": ("logboom.component",),
    "logboom.endpoint": ("logboom.endpoint",),
    "http.route": ("http.route",),
    "http.response.status_code": ("http.response.status_code", "http.status_code"),
    "exception.type": ("exception.type", "logboom.error_type"),
    "code.function.name": ("code.function.name", "code.function"),
    "server.address": ("server.address", "net.peer.name", "peer.service"),
    "feature_flag.key": ("feature_flag.key",),
}
"""Field → the attributes that say it, the first that does; of the record, else of its resource."""

ERROR = 17
"""The first severity number of an error."""
_LOCATION = (
    r"^[^\n]{0,80}?((?:[\w.$\[\]-]+#\d+)|(?:[\w./$-]+\.(?:java|kt|scala|py|go|js|ts|rb|cs|php|rs|cc|cpp|c):\d+))"
)
"""Where loggers write the place of a call: `t.s.TravelServiceImpl#532`, `app/db.py:88`."""
_LONGEST_TEXT = 2000
_EXCEPTION = ("exception.type", "exception.message")
_MASKED = r"\S*\d\S*"


def frame(batch: LogBatch) -> pl.DataFrame:
    """The records of a batch."""
    body = batch.column("body").fill_null("")
    said = [_first(batch, keys).alias(name) for name, keys in FIELDS.items()]
    return pl.DataFrame(
        [
            happened(batch).cast(pl.Int64).alias("time"),
            batch.resource_attribute_text("service.name").fill_null("").alias("service"),
            _place(batch, body).alias("place"),
            (batch.column("severity_number") >= ERROR).fill_null(False).alias("error"),
            _hex(batch.column("trace_id")).alias("trace"),
            _hex(batch.column("span_id")).alias("span"),
            texts([*(batch.attribute_text(name) for name in _EXCEPTION), body]).alias("text"),
            *said,
        ]
    )


def empty() -> pl.DataFrame:
    """No records."""
    return frame(LogBatch.empty())


def places(code: pl.Series, pattern: pl.Series, body: pl.Series) -> pl.Series:
    """A name for where each record was said: the code location that the record or its line's head tells, else its pattern, else its
    first words without numbers."""
    told = pl.DataFrame({"code": code, "pattern": pattern, "body": body})
    words = pl.col("body").str.slice(0, 160).str.replace_all(_MASKED, "*").str.split(" ").list.head(8).list.join(" ")
    found = pl.coalesce("code", pl.col("body").str.extract(_LOCATION, 1), "pattern", words, pl.lit(""))
    return told.select(found).to_series()


def _place(batch: LogBatch, body: pl.Series) -> pl.Series:
    function = _first(batch, ("code.function.name", "code.function"))
    line = _first(batch, ("code.line.number", "code.lineno"))
    code = pl.select(pl.lit(function) + pl.lit(":") + pl.lit(line)).to_series() if len(batch) else function
    return places(code, batch.attribute_text("logboom.pattern.id"), body)


def texts(parts: Sequence[pl.Series]) -> pl.Series:
    """One text of several, each cut."""
    cut = [pl.lit(part).str.slice(0, _LONGEST_TEXT) for part in parts]
    return pl.select(pl.concat_str(cut, separator="\n", ignore_nulls=True)).to_series() if len(parts[0]) else parts[-1]


def _first(batch: LogBatch, keys: Sequence[str]) -> pl.Series:
    values = [found for key in keys for found in (batch.attribute_text(key), batch.resource_attribute_text(key))]
    told = next((value for value in values if not value.null_count()), None) if len(batch) else values[0]
    return told if told is not None else pl.select(pl.coalesce(pl.lit(value) for value in values)).to_series()


def _hex(ids: pl.Series) -> pl.Series:
    text = ids.bin.encode("hex")
    return text.set(text == "", None)
