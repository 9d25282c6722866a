"""The options that all Cloudflare exporters share, without the client."""

from __future__ import annotations

import ipaddress
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from collector.transport.block import Block
from collector.transport.http_client_config import HttpClientConfig, check_url
from collector.transport.tls import TlsClientConfig

API = "https://api.cloudflare.com/client/v4"


class CloudflareConfig(Block):
    """Account, token, and the way to the API."""

    account_id: str = Field(min_length=1)
    """The account's id."""
    api_token: SecretStr = SecretStr("")
    """API token with the right to edit the database or namespace. Only a `base_url` in plain http needs none."""
    base_url: str = API
    """Where the API is."""
    allow_plain_http: bool = False
    """`http://` is taken to loopback addresses and names ending in `.internal` (a Worker's bindings) only, unless true."""
    max_calls_per_5m: int = Field(1200, ge=0)
    """Calls in five minutes, for all exporters with this token together; Cloudflare's limit is 1200. 0 = no limit."""
    proxy_url: str = ""
    """Proxy for all requests; empty = `HTTPS_PROXY` and `NO_PROXY` of the environment."""
    tls: TlsClientConfig = TlsClientConfig()
    """For `https://`."""

    @model_validator(mode="after")
    def _check_cloudflare(self) -> Self:
        check_url("base_url", self.base_url)
        if self.proxy_url:
            check_url("proxy_url", self.proxy_url)
        url = urlsplit(self.base_url)
        if url.username or url.password:
            raise ValueError("base_url holds a password: the credential is `api_token`")
        if url.scheme == "http" and not self.allow_plain_http and not _stays_inside(url.hostname or ""):
            raise ValueError(
                f"base_url: plain http to {url.hostname} would show the token to everybody on the way: "
                "write https://, or set allow_plain_http: true"
            )
        if url.scheme == "https" and not self.api_token.get_secret_value():
            raise ValueError("api_token is missing: write api_token: ${env:CLOUDFLARE_API_TOKEN}")
        if set(self.api_token.get_secret_value()) & set("\r\n\0 "):
            raise ValueError("api_token holds a space or a line break")
        return self

    def reached_at(self) -> list[str]:
        """The API: what `logboom validate --reach` connects to."""
        return [self.base_url]

    def http(self) -> HttpClientConfig:
        """The same for the HTTP client."""
        token = self.api_token.get_secret_value()
        headers = {"Authorization": SecretStr(f"Bearer {token}")} if token else {}
        return HttpClientConfig(endpoint=self.base_url, proxy_url=self.proxy_url, tls=self.tls, headers=headers)


def _stays_inside(host: str) -> bool:
    if host == "localhost" or host.endswith(".internal"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
