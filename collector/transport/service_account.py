"""Google service accounts: a key file buys access tokens (RFC 7523, the JWT bearer grant)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jwt
import orjson

from collector.transport.access_token import Granted, TokenRefused, ask
from collector.transport.http_client import HttpClient
from collector.transport.http_client_config import check_url, leaves_in_the_clear

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME_SECS = 3600
_FIELDS = ("client_email", "private_key", "token_uri")


def key_text(path: str, text: str) -> str:
    """The key file's text, or `text`. Raises TokenRefused when the file can't be read."""
    if not path:
        return text
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise TokenRefused(f"credentials_file {path} can't be read: {reason}", may_pass=False) from None


async def grant(client: HttpClient, key: str, scope: str, clock: Callable[[], float] = time.time) -> Granted:
    """A token for `scope`. Raises TokenRefused and the connection's errors; nothing of the key is in them."""
    account = _account(key)
    now = int(clock())
    claims = {
        "iss": account["client_email"],
        "scope": scope,
        "aud": account["token_uri"],
        "iat": now,
        "exp": now + _LIFETIME_SECS,
    }
    headers = {"kid": account["private_key_id"]} if "private_key_id" in account else None
    try:
        assertion = jwt.encode(claims, account["private_key"], algorithm="RS256", headers=headers)
    except (ValueError, TypeError, jwt.PyJWTError):
        raise TokenRefused("the service account's private_key is not an RSA key in PEM", may_pass=False) from None
    return await ask(client, account["token_uri"], {"grant_type": _GRANT, "assertion": assertion})


def _account(key: str) -> Mapping[str, Any]:
    try:
        account = orjson.loads(key)
    except ValueError:
        account = None
    if not isinstance(account, dict) or account.get("type", "service_account") != "service_account":
        raise TokenRefused("the credentials are not the JSON key of a service account", may_pass=False)
    if missing := [name for name in _FIELDS if not isinstance(account.get(name), str) or not account[name]]:
        raise TokenRefused(f"the service account's key lacks {', '.join(missing)}", may_pass=False)
    try:
        check_url("token_uri", account["token_uri"])
    except ValueError as error:
        raise TokenRefused(f"the service account's key: {error}", may_pass=False) from None
    if leaves_in_the_clear(account["token_uri"]):
        raise TokenRefused("the service account's token_uri is http:// to another machine", may_pass=False)
    return account
