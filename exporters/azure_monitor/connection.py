"""Connection strings of Application Insights: `InstrumentationKey=…;IngestionEndpoint=https://…/;…`.

As "Connection strings in Application Insights" has them: names in any case; where `IngestionEndpoint` is missing it is `dc.` of `EndpointSuffix`, in
front of which stands `Location`.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from collector.transport.http_client_config import check_url

GLOBAL = "https://dc.services.visualstudio.com"
_MOST_CHARACTERS = 4096
_TRACK = "/v2.1/track"


@dataclass(frozen=True, slots=True)
class Connection:
    """Whose records they are, and where they go."""

    key: str
    url: str


def connection(text: str) -> Connection:
    """What a connection string says. Raises ValueError, never with the string: it holds the key."""
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"connection_string: more than {_MOST_CHARACTERS} characters")
    said: dict[str, str] = {}
    for pair in filter(str.strip, text.split(";")):
        name, mark, value = pair.partition("=")
        if not mark or not name.strip():
            raise ValueError(
                "connection_string: write Name=value;Name=value, such as InstrumentationKey=…;IngestionEndpoint=https://…/"
            )
        said[name.strip().lower()] = value.strip()
    if not said.get("instrumentationkey"):
        raise ValueError("connection_string: InstrumentationKey is missing")
    return Connection(said["instrumentationkey"], track(said.get("ingestionendpoint") or _by_suffix(said)))


def track(endpoint: str) -> str:
    """The URL that items are posted to; one that ends in `/track` is whole. Raises ValueError where it is none."""
    check_url("endpoint", endpoint)
    whole = urlsplit(endpoint).path.rstrip("/").endswith("/track")
    return endpoint if whole else endpoint.rstrip("/") + _TRACK


def _by_suffix(said: dict[str, str]) -> str:
    suffix = said.get("endpointsuffix", "").strip(".")
    if not suffix:
        return GLOBAL
    place = said.get("location", "").strip(".")
    return f"https://{place + '.' if place else ''}dc.{suffix}"
