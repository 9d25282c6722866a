"""Client certificates: what they say of their owner gives the domain."""

from collector.component import Factory, Kind
from collector.extensions.client_certificate.config import ClientCertificateConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="client_certificate",
    config=ClientCertificateConfig,
    behaviour="collector.extensions.client_certificate.authenticator:ClientCertificates",
    summary="client certificates: senders are who their certificate says, and their domain with it",
    stability="beta",
)
