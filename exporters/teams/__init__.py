"""Microsoft Teams."""

from collector.component import Factory, Kind
from exporters.teams.config import TeamsConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="teams",
    config=TeamsConfig,
    behaviour="exporters.teams.exporter:TeamsExporter",
    summary="tells people in Microsoft Teams: adaptive cards to a Workflows URL",
    stability="alpha",
)
