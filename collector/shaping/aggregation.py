"""Records that need not be kept one by one become counts.

The records of a batch that agree in minute, domain, resource, component, endpoint, level, rule, pattern, in what came with their request
and in the body without what varies become one row in the place of the first of them: its time is the minute's begin, its body the pattern's template, or the masked body where it
has none, its event name `logboom.aggregate`, and `logboom.aggregate.count` says for how many it stands. What was single (ids, attributes that
were sent) is gone. Rows are never changed later: readers sum the counts.

Outcomes add up: the records are counted as `aggregated`, the rows as `created`.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from collector.batch import LogBatch
from collector.component import Work
from collector.ottl.columns import Reader
from collector.ottl.paths import TEXT, Source, Table
from collector.outcomes import Outcome
from collector.shaping.identities import by_attributes

COUNT = "logboom.aggregate.count"
EVENT = "logboom.aggregate"
MINUTE = 60_000_000_000
_VARIABLE = (
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|\b(?:0x)?[0-9a-fA-F]{12,}\b"
    r"|\d+(?:[.:,]\d+)*"
)
_BODY = Source(Table.FIELD, "body")
_KEPT = ("logboom.", "deployment.environment.name")
_BY = ("logboom.component", "logboom.endpoint", "logboom.triage.level", "logboom.triage.rule", "logboom.pattern.id")
_TEMPLATE = "logboom.pattern.template"


def masked(body: pl.Series) -> pl.Series:
    """Bodies with their variable parts (numbers, ids, addresses) as `*`."""
    return body.str.replace_all(_VARIABLE, "*")


def aggregate(batch: LogBatch, counted: pl.Series, work: Work) -> LogBatch:
    """The batch with the records of a mask as counts."""
    counted = counted.fill_null(False)
    if not counted.any():
        return batch
    rows = counted.arg_true()
    groups = _groups(batch, rows)
    first = groups.get_column("row")
    _tell(batch, rows, first, work)
    stands = pl.Series([False]).new_from_index(0, len(batch)).scatter(first, True)
    count = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(batch)).scatter(first, groups.get_column("records"))
    body = batch.column("body").scatter(first, groups.get_column("body"))
    minute = batch.column("time_unix_nano").scatter(first, groups.get_column("minute"))
    bare = _bare(batch, stands).with_fields({"body": body, "time_unix_nano": minute})
    return bare.with_attributes({COUNT: count}).filter(~counted | stands)


def _groups(batch: LogBatch, rows: pl.Series) -> pl.DataFrame:
    """One row a group: `row` of its first record, `records` in it, `minute` and masked `body`."""
    sent, observed = (batch.column(name) for name in ("time_unix_nano", "observed_time_unix_nano"))
    time = sent.zip_with(sent > 0, observed)
    columns = [
        pl.Series("row", rows),
        ((time // MINUTE) * MINUTE).gather(rows).alias("minute"),
        batch.column("domain").gather(rows).alias("domain"),
        by_attributes(batch.resource_attributes, batch.resources.height)
        .gather(batch.column("resource").gather(rows))
        .alias("resource"),
        batch.scope_field("name").gather(rows).alias("scope"),
        _bodies(batch, rows).alias("body"),
        *(batch.attribute(key).gather(rows).alias(key) for key in _BY),
    ]
    if (client := batch.client) is not None:  # the row leaves with what came with the first of them
        columns.append(client.gather(rows).alias("client"))
    frame = pl.DataFrame(columns)
    keys = [name for name in frame.columns if name != "row"]
    return frame.group_by(keys, maintain_order=True).agg(
        pl.col("row").first(), pl.len().cast(pl.Int64).alias("records")
    )


def _bodies(batch: LogBatch, rows: pl.Series) -> pl.Series:
    templates = batch.attribute(_TEMPLATE).gather(rows)
    if not templates.null_count():
        return templates
    bodies = masked(Reader(batch, [_BODY]).part(_BODY, TEXT).gather(rows))
    return templates.zip_with(templates.is_not_null(), bodies)


def _tell(batch: LogBatch, rows: pl.Series, first: pl.Series, work: Work) -> None:
    domains = batch.column("domain")
    for outcome, positions in ((Outcome.AGGREGATED, rows), (Outcome.CREATED, first)):
        for domain, records in domains.gather(positions).value_counts().iter_rows():
            work.count(domain, outcome, records)


def _bare(batch: LogBatch, stands: pl.Series) -> LogBatch:
    """The rows that stand for others without what belonged to a single record."""
    columns = [
        column if column.name.startswith(_KEPT) else column.set(stands, None) for column in batch.derived.get_columns()
    ]
    sent = ~stands.gather(batch.attributes.get_column("owner"))
    empty = pl.Series([b""]).new_from_index(0, len(batch))
    names = batch.column("event_name")
    return replace(batch, derived=pl.DataFrame(columns), attributes=batch.attributes.filter(sent)).with_fields(
        {
            "event_name": pl.Series([EVENT]).new_from_index(0, len(batch)).zip_with(stands, names),
            "body_any": batch.column("body_any").set(stands, None),
            "trace_id": empty.zip_with(stands, batch.column("trace_id")),
            "span_id": empty.zip_with(stands, batch.column("span_id")),
        }
    )
