"""Where Elasticsearch is: URLs, cloud ids, and which node to talk to next."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit

from collector.transport.http_client_config import check_url


def check_address(url: str) -> None:
    """Raises ValueError for what is no URL or holds a credential; never shows the URL."""
    check_url("endpoint", url)
    if urlsplit(url).username is not None:
        raise ValueError("endpoint holds a credential: use the options `user` and `password`")


def cloud_address(cloud_id: str) -> str:
    """The URL in a cloud id: `name:` and base64 of `host$elasticsearch-id$kibana-id`. Raises ValueError."""
    try:
        host, elasticsearch, *_ = base64.b64decode(cloud_id.partition(":")[2], validate=True).decode().split("$")
    except (ValueError, binascii.Error):
        raise ValueError("cloudid is not a cloud id: copy it from the deployment's page") from None
    host, _, port = host.partition(":")
    return f"https://{elasticsearch}.{host}:{port or 443}"


class Nodes:
    """The nodes in turn. One that failed is passed over for `pause_secs`, as long as there is another one.

    Args:
        urls: at least one.
        pause_secs: how long a node that failed is passed over.
    """

    def __init__(self, urls: list[str], pause_secs: float = 30.0) -> None:
        self._urls = urls
        self._pause_secs = pause_secs
        self._resting: dict[str, float] = {}
        self._turn = 0

    def order(self, now: float) -> list[str]:
        """The nodes to try for one request, best first."""
        self._turn = (self._turn + 1) % len(self._urls)
        turned = self._urls[self._turn :] + self._urls[: self._turn]
        return sorted(turned, key=lambda url: max(0.0, self._resting.get(url, 0.0) - now))

    def failed(self, url: str, now: float) -> None:
        """Leave it alone for a while."""
        self._resting[url] = now + self._pause_secs

    def worked(self, url: str) -> None:
        """It is fine."""
        self._resting.pop(url, None)
