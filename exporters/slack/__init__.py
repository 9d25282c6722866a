"""Slack."""

from collector.component import Factory, Kind
from exporters.slack.config import SlackConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="slack",
    config=SlackConfig,
    behaviour="exporters.slack.exporter:SlackExporter",
    summary="tells people in Slack: an incoming webhook, or a bot that keeps its messages up to date",
    stability="alpha",
)
