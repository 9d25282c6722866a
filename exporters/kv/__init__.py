"""The newest logs and counts in Workers KV, to be read at once."""

from collector.component import Factory, Kind
from exporters.kv.config import KvConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="kv",
    config=KvConfig,
    behaviour="exporters.kv.exporter:KvExporter",
    summary="Keeps each domain's newest records and counts in Workers KV, to be read at once.",
)
