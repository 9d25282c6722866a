"""What is sent to the token service: our secret, or an assertion that we sign (RFC 6749, 4.4; RFC 7523, 2.1)."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from urllib.parse import quote_plus

import jwt
from pydantic import SecretStr

from collector.extensions.oauth2client.config import JWT_BEARER, OAuth2ClientConfig
from collector.transport.access_token import Form, Granted, TokenRefused, ask
from collector.transport.http_client import HttpClient
from collector.transport.http_client_config import HttpClientConfig

_ASSERTION_SECS = 300


async def granted(config: OAuth2ClientConfig) -> Granted:
    """A new token. Raises TokenRefused, and what the connection raises.

    The secret goes with the form, and in a header where a service takes it there alone (RFC 6749, 2.3.1)."""
    ident = _text(config.client_id_file, config.client_id)
    if config.signs:
        return await _asked(
            config, {"grant_type": JWT_BEARER, "assertion": _assertion(config, ident), **_common(config)}
        )
    secret = _text(config.client_secret_file, config.client_secret)
    form: Form = {"grant_type": "client_credentials", **_common(config)}
    try:
        return await _asked(config, {**form, "client_id": ident, "client_secret": secret})
    except TokenRefused as refused:
        if not refused.wrong_client:
            raise
    return await _asked(config, form, _basic(ident, secret))


async def _asked(config: OAuth2ClientConfig, form: Form, headers: dict[str, SecretStr] | None = None) -> Granted:
    client = HttpClient(HttpClientConfig(tls=config.tls, headers=headers or {}))
    await client.start()
    try:
        return await ask(client, config.token_url, form)
    finally:
        await client.close()


def _common(config: OAuth2ClientConfig) -> dict[str, str | list[str]]:
    scopes = {"scope": " ".join(config.scopes)} if config.scopes else {}
    return {**config.endpoint_params, **scopes}


def _basic(ident: str, secret: str) -> dict[str, SecretStr]:
    import base64

    pair = f"{quote_plus(ident)}:{quote_plus(secret)}"
    return {"Authorization": SecretStr(f"Basic {base64.b64encode(pair.encode()).decode()}")}


def _assertion(config: OAuth2ClientConfig, ident: str) -> str:
    now = int(time.time())
    issuer = config.iss or ident
    claims = {
        "iss": issuer, "sub": issuer, "aud": config.audience or config.token_url, "iat": now, "exp": now + _ASSERTION_SECS,
        "jti": secrets.token_hex(16), **config.claims,
    }  # fmt: skip
    key = _text(config.client_certificate_key_file, config.client_certificate_key)
    headers = {"kid": config.client_certificate_key_id} if config.client_certificate_key_id else {}
    try:
        return jwt.encode(claims, key, config.signature_algorithm, headers=headers)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenRefused("no access token: client_certificate_key is no key that can sign", may_pass=False) from None


def _text(file: str, written: str | SecretStr) -> str:
    """What a file holds now, else what is written."""
    if not file:
        return written.get_secret_value() if isinstance(written, SecretStr) else written
    try:
        return Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise TokenRefused(f"no access token: {file} cannot be read: {reason}", may_pass=True) from None
