"""Azure Monitor: Application Insights, by its ingestion endpoint."""

from collector.component import Factory, Kind
from exporters.azure_monitor.config import AzureMonitorConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="azure_monitor",
    config=AzureMonitorConfig,
    behaviour="exporters.azure_monitor.exporter:AzureMonitorExporter",
    summary="sends to Azure Monitor (Application Insights)",
    aliases=("azuremonitor",),
    stability="beta",
    differs=(
        "items that are refused alone are dead letters with Azure's words, others of the request are sent again or delivered; they were lost",
        "a daily cap that is reached holds records back",
        "custom events and exceptions carry resource, scope and trace as messages do",
        "an exception has no `problemId` of its severity text: Azure groups it by type and place",
        "requests wait a second to be filled, not ten",
    ),
)
