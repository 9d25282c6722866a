"""The proxy that the environment names for a URL, as Go's `http.ProxyFromEnvironment` understands it.

Not aiohttp's `trust_env`: that would send requests to loopback through the proxy, where plain HTTP is allowed only because
nobody listens on the way; and it would add user names of `~/.netrc`, or refuse requests because of them.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from collector.transport.http_client_config import is_loopback


def environment_proxy(url: str) -> str | None:
    """The proxy's URL by `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` (also in small letters), None = none."""
    parts = urlsplit(url)
    return _of_host(parts.scheme, parts.hostname or "", parts.port)


@lru_cache(256)
def _of_host(scheme: str, host: str, port: int | None) -> str | None:
    if is_loopback(host) or proxy_bypass(f"{host}:{port}" if port else host):
        return None
    proxy = getproxies_environment().get(scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
