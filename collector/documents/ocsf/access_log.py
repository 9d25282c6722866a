"""Lines of web servers in the Common and Combined Log Format (NCSA, Apache, nginx): the attributes that they spell out.

10.0.0.1 - ada [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.1" 200 2326 "https://from.example/" "Mozilla/5.0"

Apache can put the virtual host and its port in front. The time may be missing, for collectors often take it out. A record
that has a method or status of its own is left alone.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.tables import conform, stack
from collector.documents.ocsf.requests import METHOD, STATUS

_LINE = (
    r"^(?:(?P<server>[^\s:]+):(?P<port>\d{1,5}) )?(?P<client>\S+) \S+ (?P<user>\S+) (?:\[[^\]]*\] )?"
    r'"(?P<method>[A-Z]+) (?P<path>[^ ?"]+)(?:\?(?P<query>[^ "]*))? HTTP/(?P<version>\d(?:\.\d)?)" '
    r'(?P<status>[1-5]\d\d)(?: (?P<size>\d{1,9}))?(?: -)?(?: "[^"]*" "(?P<agent>[^"]*)")?'
)
_KEYS = {
    "server": "server.address",
    "port": "server.port",
    "client": "client.address",
    "user": "user.name",
    "method": "http.request.method",
    "path": "url.path",
    "query": "url.query",
    "version": "network.protocol.version",
    "status": "http.response.status_code",
    "size": "http.response.body.size",
    "agent": "user_agent.original",
}
_NOTHING = "-"


def with_access_logs(batch: LogBatch) -> LogBatch:
    """The batch with what its access log lines say as attributes behind those that were sent."""
    body = batch.column("body")
    rows = body.str.contains('" [1-5][0-9][0-9]').arg_true()
    if not len(rows):
        return batch
    found = body.gather(rows).str.extract_groups(_LINE).struct.unnest().with_columns(owner=rows.cast(pl.UInt32))
    found = found.filter(pl.col("method").is_not_null(), ~pl.col("owner").is_in(_having(batch).implode()))
    if not found.height:
        return batch
    return replace(batch, attributes=stack([batch.attributes, _attributes(found)]))


def _having(batch: LogBatch) -> pl.Series:
    """Records that say themselves what was asked or answered."""
    keys = [*METHOD, *STATUS]
    sent = batch.attributes.filter(pl.col("key").is_in(keys)).get_column("owner")
    derived = [batch.derived.get_column(key).is_not_null().arg_true() for key in keys if key in batch.derived.columns]
    return pl.concat([sent, *(rows.cast(pl.UInt32) for rows in derived)])


def _attributes(found: pl.DataFrame) -> pl.DataFrame:
    said = found.rename(_KEYS).unpivot(index="owner", variable_name="key", value_name="string")
    given = said.filter(pl.col("string").is_not_null(), pl.col("string") != _NOTHING, pl.col("string") != "")
    return conform(given.with_columns(kind=pl.lit(int(ValueKind.STRING), pl.UInt8)))
