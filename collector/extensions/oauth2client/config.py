"""Options of `oauth2client`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from collector.component import Config, Use
from collector.transport.tls import TlsClientConfig
from collector.units import Duration

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class OAuth2ClientConfig(Config):
    """Where tokens come from, and what buys them."""

    client_id: str = ""
    """Who we are at the token service."""
    client_id_file: str = ""
    """A file with it; it comes before `client_id`, and is read with each token."""
    client_secret: SecretStr = SecretStr("")
    """Our secret there."""
    client_secret_file: str = ""
    """A file with it, in the same way."""
    token_url: str
    """The token service."""
    scopes: list[str] = []
    """What the token shall be good for."""
    endpoint_params: dict[str, str | list[str]] = {}
    """Further parameters of the request, such as `audience`."""
    timeout: Duration = Field(0.0, ge=0)
    """How long a token service may take; 0 = 10 s."""
    expiry_buffer: Duration = Field(300.0, ge=0)
    """A token is renewed so long before it ends (a fifth of its life at most)."""
    tls: TlsClientConfig = TlsClientConfig()
    """Towards the token service."""
    grant_type: Literal["", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"] = ""
    """`client_credentials`, or a signed assertion (RFC 7523); empty = the first."""
    client_certificate_key: SecretStr = SecretStr("")
    """For assertions: the private key that signs them, PEM."""
    client_certificate_key_file: str = ""
    """A file with it."""
    client_certificate_key_id: str = ""
    """Its name at the token service (`kid`)."""
    signature_algorithm: Literal["RS256", "RS384", "RS512"] = "RS256"
    """How it signs."""
    iss: str = ""
    """Who signs; empty = `client_id`."""
    audience: str = ""
    """Whom the assertion is for; empty = `token_url`."""
    claims: dict[str, Any] = {}
    """Further claims of the assertion."""

    @field_validator("token_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("token_url must be a URL such as https://id.example.com/token")
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.client_id or self.client_id_file):
            raise ValueError("client_id or client_id_file is needed")
        if self.signs and not (self.client_certificate_key or self.client_certificate_key_file):
            raise ValueError("client_certificate_key or client_certificate_key_file is needed to sign assertions")
        if not self.signs and not (self.client_secret or self.client_secret_file):
            raise ValueError("client_secret or client_secret_file is needed")
        return self

    @property
    def signs(self) -> bool:
        """Whether tokens are bought with assertions."""
        return self.grant_type == JWT_BEARER

    def provides(self) -> frozenset[Use]:
        """It is for exporters."""
        return frozenset({Use.CLIENT_AUTHENTICATOR})
