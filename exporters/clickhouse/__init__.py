"""ClickHouse, in the schema of the OpenTelemetry Collector."""

from collector.component import Factory, Kind
from exporters.clickhouse.config import ClickHouseConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="clickhouse",
    config=ClickHouseConfig,
    behaviour="exporters.clickhouse.exporter:ClickHouseExporter",
    summary="inserts into ClickHouse: the Collector's table `otel_logs`",
    stability="beta",
    differs=(
        "HTTP is spoken, also where `endpoint` gives the native protocol's port",
        "one host: `endpoint` takes no list",
        "`compress: br` is refused, and attributes are maps whatever `json` says",
    ),
)
