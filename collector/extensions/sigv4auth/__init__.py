"""AWS: requests of exporters signed with Signature Version 4."""

from collector.component import Factory, Kind
from collector.extensions.sigv4auth.config import SigV4AuthConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="sigv4auth",
    config=SigV4AuthConfig,
    behaviour="collector.extensions.sigv4auth.authenticator:SigV4Auth",
    summary="AWS Signature Version 4 on requests of exporters that speak HTTP",
    stability="alpha",
    differs=(),
)
