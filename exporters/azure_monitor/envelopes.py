"""`LogBatch` → telemetry items of Application Insights (v2.1), one JSON text each.

{"ver":1,"name":"Microsoft.ApplicationInsights.Message","time":"2023-11-14T22:13:20.0000000Z","iKey":"…","tags":{"ai.cloud.role":"web",…},
 "data":{"baseType":"MessageData","baseData":{"ver":2,"message":"…","severityLevel":"Warning","properties":{…}}}}
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.facts import happened, said
from collector.documents.json_text import quoted_name
from exporters.azure_monitor.config import AzureMonitorConfig
from exporters.azure_monitor.data import contents, kinds
from exporters.azure_monitor.properties import properties
from exporters.azure_monitor.tags import tags

_LAST_TIME = (1 << 63) - 1
_TICKS = len("2023-11-14T22:13:20.1234567")
"""Azure's times have 100 ns."""


def envelopes(batch: LogBatch, config: AzureMonitorConfig, key: str) -> pl.Series:
    """The items of a batch; `key`: of the resource that they are for."""
    batch = said(batch)
    kind = pl.lit(kinds(batch, config))
    pieces = [
        pl.lit('{"ver":1,"name":"Microsoft.ApplicationInsights.'), kind, pl.lit('","time":"'), pl.lit(_times(batch)),
        pl.lit(f'Z","iKey":{quoted_name(key)},"tags":'), pl.lit(tags(batch, config.tag_mappings)), pl.lit(',"data":{"baseType":"'),
        kind, pl.lit('Data","baseData":{"ver":2,'), pl.lit(contents(batch, config)), pl.lit(',"properties":'),
        pl.lit(properties(batch)), pl.lit("}}}"),
    ]  # fmt: skip
    return batch.records.select(pl.concat_str(pieces).alias("item")).to_series()


def _times(batch: LogBatch) -> pl.Series:
    moment = happened(batch).clip(upper_bound=_LAST_TIME).cast(pl.Int64).cast(pl.Datetime("ns"))
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.9f").str.head(_TICKS)
