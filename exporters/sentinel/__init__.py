"""Microsoft Sentinel and Azure Monitor, by the Logs Ingestion API."""

from collector.component import Factory, Kind
from exporters.sentinel.config import SentinelConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="sentinel",
    config=SentinelConfig,
    behaviour="exporters.sentinel.exporter:SentinelExporter",
    summary="sends to Microsoft Sentinel (Azure Monitor Logs Ingestion API)",
    stability="beta",
)
