"""Whether a change comes from the console's own pages. Browsers say where a request comes from, and pages can't make them say otherwise;
programs say nothing, and no page can make a browser do as they do."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OPENING = "OPEN"
"""Of a WebSocket: it changes nothing, but browsers let any page open one, and read what it says."""
_OWN = frozenset({"same-origin", "none"})
"""`none`: somebody typed or chose it."""


def from_our_pages(headers: Mapping[str, str]) -> bool:
    """By `Sec-Fetch-Site`, else by `Origin`, which must be what `Host` says; without both it is no browser."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OWN
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
