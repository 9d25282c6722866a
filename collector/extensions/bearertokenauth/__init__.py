"""Bearer tokens: senders must show one, or exporters show theirs."""

from collector.component import Factory, Kind
from collector.extensions.bearertokenauth.config import BearerTokenAuthConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="bearertokenauth",
    config=BearerTokenAuthConfig,
    behaviour="collector.extensions.bearertokenauth.authenticator:BearerTokenAuth",
    summary="bearer tokens: asks senders for one, sends one with each request of an exporter",
    stability="beta",
    differs=("the scheme has no case",),
)
