"""Everybody else, by the library Apprise."""

from collector.component import Factory, Kind
from exporters.apprise.config import AppriseConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="apprise",
    config=AppriseConfig,
    behaviour="exporters.apprise.exporter:AppriseExporter",
    summary="tells people in Discord, Google Chat, Telegram, ntfy and a hundred other places (extra `apprise`)",
    stability="alpha",
    local_reason="some of its places read files and run programs of this machine",
)
