"""Where a provider's keys come from: discovery and JWKS over HTTP, or a file."""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from jwt import PyJWKSet
from jwt.exceptions import PyJWTError

from collector.extensions.oidc.config import Provider
from collector.transport.user_agent import USER_AGENT

_TIMEOUT_SECS = 5.0
_MOST_BYTES = 1 << 20
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})")
_DEFAULT_AGE = 3600.0


_NONE: Mapping[str, str] = {}


class NoKeys(Exception):
    """They can't be had now; a sentence says why."""


class Fetched(NamedTuple):
    """Keys, and for how long the provider says that they are good."""

    keys: PyJWKSet
    max_age_secs: float


class _Straight(urllib.request.HTTPRedirectHandler):
    """Nobody sends us elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def fetch(provider: Provider) -> Fetched:
    """Ask the provider; waits for some seconds at most for each part. Raises NoKeys."""
    url = _discovery_of(provider)
    document, opener = discovery(provider), _opener(provider)
    place = document.get("jwks_uri")
    if not isinstance(place, str) or not place.startswith(("https://", "http://")):
        raise NoKeys(f"{url} names no jwks_uri")
    if provider.issuer_url.startswith("https://") and not place.startswith("https://"):
        raise NoKeys(f"{url} names a jwks_uri without TLS")
    found, cache_control = _json(opener, place)
    age = _MAX_AGE.search(cache_control)
    return Fetched(keys_of(found, place), float(age[1]) if age else _DEFAULT_AGE)


def discovery(provider: Provider) -> dict[str, Any]:
    """What the provider says of itself. Raises NoKeys: nothing, or it is another one."""
    url = _discovery_of(provider)
    document, _ = _json(_opener(provider), url)
    if document.get("issuer") != provider.issuer_url and not provider.ignore_issuer:
        raise NoKeys(f"{url} is of another issuer than issuer_url says")
    return document


def exchanged(provider: Provider, url: str, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
    """What a token endpoint gives for a form. Raises NoKeys, never with what was sent or came."""
    headers = {"Authorization": authorization} if authorization else {}
    return _json(_opener(provider), url, urlencode(form).encode(), headers)[0]


def _discovery_of(provider: Provider) -> str:
    return provider.issuer_url.rstrip("/") + "/.well-known/openid-configuration"


def read(path: Path) -> PyJWKSet:
    """Keys of a file. Raises NoKeys."""
    try:
        return keys_of(json.loads(path.read_bytes()[: _MOST_BYTES + 1]), str(path))
    except OSError as error:
        raise NoKeys(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise NoKeys(f"{path} is no JSON") from None


def keys_of(document: Any, where: str) -> PyJWKSet:
    """Raises NoKeys for what is no JWKS, or has no key that can be used."""
    try:
        return PyJWKSet.from_dict(document)
    except (PyJWTError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise NoKeys(f"{where} holds no keys that can be used: {type(error).__name__}") from None


def _opener(provider: Provider) -> urllib.request.OpenerDirector:
    try:
        context = ssl.create_default_context(cafile=provider.issuer_ca_path or None)
    except (OSError, ssl.SSLError) as error:
        raise NoKeys(f"issuer_ca_path {provider.issuer_ca_path} cannot be used: {error.strerror or error}") from None
    return urllib.request.build_opener(_Straight, urllib.request.HTTPSHandler(context=context))


def _json(
    opener: urllib.request.OpenerDirector, url: str, body: bytes | None = None, more: Mapping[str, str] = _NONE
) -> tuple[dict[str, Any], str]:
    headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **more}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - checked: http or https
    try:
        with opener.open(request, timeout=_TIMEOUT_SECS) as answer:
            text, cache_control = answer.read(_MOST_BYTES + 1), answer.headers.get("Cache-Control", "")
    except urllib.error.HTTPError as error:
        raise NoKeys(f"{url} answers {error.code}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise NoKeys(f"{url} cannot be reached: {reason}") from None
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if len(text) > _MOST_BYTES or not isinstance(document, dict):
        raise NoKeys(f"{url} is no JSON object")
    return document, cache_control
