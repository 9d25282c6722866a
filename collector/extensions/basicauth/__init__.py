"""Names and passwords: senders must show some, or exporters show theirs."""

from collector.component import Factory, Kind
from collector.extensions.basicauth.config import BasicAuthConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="basicauth",
    config=BasicAuthConfig,
    behaviour="collector.extensions.basicauth.authenticator:BasicAuth",
    summary="names and passwords: asks senders for those of a htpasswd file, sends some with each request of an exporter",
    stability="beta",
    differs=(),
)
