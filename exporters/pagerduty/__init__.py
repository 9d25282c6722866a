"""PagerDuty."""

from collector.component import Factory, Kind
from exporters.pagerduty.config import PagerdutyConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="pagerduty",
    config=PagerdutyConfig,
    behaviour="exporters.pagerduty.exporter:PagerdutyExporter",
    summary="wakes people by PagerDuty: triggers and resolves an incident for each group (Events API v2)",
    stability="alpha",
)
