"""API keys of domains: made, rotated and revoked by `logboom keys`."""

from collector.component import Factory, Kind
from collector.extensions.api_keys.config import ApiKeysConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="api_keys",
    config=ApiKeysConfig,
    behaviour="collector.extensions.api_keys.authenticator:ApiKeys",
    summary="API keys of domains: made by `logboom keys`, asked of senders, revoked within a second",
    stability="beta",
    local_reason="it says who may send and read",
)
