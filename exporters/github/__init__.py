"""GitHub issues."""

from collector.component import Factory, Kind
from exporters.github.config import GithubConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="github",
    config=GithubConfig,
    behaviour="exporters.github.exporter:GithubExporter",
    summary="keeps an issue on GitHub for each group: finds, comments, reopens, else creates",
    stability="alpha",
)
