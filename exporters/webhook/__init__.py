"""Any HTTP endpoint."""

from collector.component import Factory, Kind
from exporters.webhook.config import HttpConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="webhook",
    config=HttpConfig,
    behaviour="exporters.webhook.exporter:HttpExporter",
    summary="posts JSON, OCSF, ECS, CEF, LEEF or plain lines to any HTTP endpoint",
    aliases=("http",),
    stability="beta",
)
