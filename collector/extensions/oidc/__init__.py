"""OpenID Connect: senders show a token that a provider signed; a claim gives the domain."""

from collector.component import Factory, Kind
from collector.extensions.oidc.config import OidcConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="oidc",
    config=OidcConfig,
    behaviour="collector.extensions.oidc.authenticator:Oidc",
    summary="OpenID Connect: asks senders for a token of a provider; a claim of it gives the domain",
    stability="beta",
    differs=("a token also gives the domain",),
)
