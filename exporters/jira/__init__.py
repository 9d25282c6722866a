"""Jira."""

from collector.component import Factory, Kind
from exporters.jira.config import JiraConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="jira",
    config=JiraConfig,
    behaviour="exporters.jira.exporter:JiraExporter",
    summary="keeps a ticket in Jira Cloud for each group: finds, comments, reopens, else creates",
    stability="alpha",
)
