"""Mail."""

from collector.component import Factory, Kind
from exporters.email.config import EmailConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="email",
    config=EmailConfig,
    behaviour="exporters.email.exporter:EmailExporter",
    summary="tells people by mail, a thread for each group, over SMTP with TLS",
    stability="alpha",
)
