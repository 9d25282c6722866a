"""Any HTTP endpoint. The folder is not named `http`: a program started beside it would find it instead of Python's own."""

from collector.component import Factory, Kind
from exporters.webhook.config import HttpConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="http",
    config=HttpConfig,
    behaviour="exporters.webhook.exporter:HttpExporter",
    summary="posts JSON, OCSF, ECS, CEF, LEEF or plain lines to any HTTP endpoint",
    stability="beta",
)
