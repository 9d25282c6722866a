"""Pipelines of GitHub, GitLab, Jenkins."""

from collector.component import Factory, Kind
from exporters.ci_trigger.config import CiTriggerConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="ci_trigger",
    config=CiTriggerConfig,
    behaviour="exporters.ci_trigger.exporter:CiTriggerExporter",
    summary="starts a pipeline of GitHub Actions, GitLab or Jenkins when `alerting` starts that response",
    stability="alpha",
)
