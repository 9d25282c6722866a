"""OAuth 2.0: exporters show access tokens that they ask a token service for."""

from collector.component import Factory, Kind
from collector.extensions.oauth2client.config import OAuth2ClientConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="oauth2client",
    config=OAuth2ClientConfig,
    behaviour="collector.extensions.oauth2client.authenticator:OAuth2Client",
    summary="OAuth 2.0 access tokens of exporters: asked for at a token service, renewed in time",
    stability="beta",
    differs=(),
)
