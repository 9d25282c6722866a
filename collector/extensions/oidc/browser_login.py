"""People who log in with a browser: sent to the provider and back (OpenID Connect Core 3.1, the code flow with PKCE, state and nonce).

Nothing that comes back is believed here: the token is verified like every other, by whoever is asked for its credential.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from collector.component import Journey, NotReturned
from collector.extensions.oidc.config import Provider, ProviderLogin
from collector.extensions.oidc.fetching import NoKeys, discovery, exchanged

_KNOWN_SECS, _REST_SECS = 3600.0, 5.0
_METHODS, _BASIC = "token_endpoint_auth_methods_supported", "client_secret_basic"


class BrowserLogin:
    """Of one provider; asked on threads, for it waits for the provider."""

    def __init__(self, provider: Provider, login: ProviderLogin, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider = provider
        self._login = login
        self._clock = clock
        self._failed = (-_REST_SECS, "")
        self._document: tuple[float, Mapping[str, Any]] | None = None

    @property
    def label(self) -> str:
        """As people read it."""
        return self._login.name or urllib.parse.urlsplit(self._provider.issuer_url).hostname or ""

    def sent(self, back: str) -> Journey:
        """Where a browser goes. Raises NotReturned: the provider can't be asked."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code", "client_id": self._login.client_id, "redirect_uri": back, "scope": " ".join(self._login.scopes),
            "state": state, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        place = self._place("authorization_endpoint")
        joint = "&" if urllib.parse.urlsplit(place).query else "?"
        return Journey(f"{place}{joint}{urllib.parse.urlencode(asked)}", state, nonce, verifier)

    def returned(self, journey: Journey, code: str, back: str) -> str:
        """The token that the provider gives for a code. Raises NotReturned: none, or not that of this journey."""
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": journey.verifier,
            "client_id": self._login.client_id,
        }  # fmt: skip
        place, authorization = self._place("token_endpoint"), self._authorization()
        if not authorization and (secret := self._login.client_secret.get_secret_value()):
            form["client_secret"] = secret
        try:
            answer = exchanged(self._provider, place, form, authorization)
        except NoKeys as error:
            raise NotReturned(str(error)) from None
        token = answer.get("id_token")
        if not isinstance(token, str) or not hmac.compare_digest(_nonce(token).encode(), journey.nonce.encode()):
            raise NotReturned("the provider gave no token for this login")
        return token

    def _authorization(self) -> str:
        """RFC 6749, 2.3.1; empty where the provider takes a secret in the form alone, and where this client has none."""
        secret, taken = self._login.client_secret.get_secret_value(), self._known().get(_METHODS)
        if isinstance(taken, list) and _BASIC not in taken:
            return ""
        pair = ":".join(urllib.parse.quote(text, safe="") for text in (self._login.client_id, secret))
        return f"Basic {base64.b64encode(pair.encode()).decode()}" if secret else ""

    def _place(self, name: str) -> str:
        place = self._known().get(name)
        secure = "https://" if self._provider.issuer_url.startswith("https://") else ("https://", "http://")
        if not isinstance(place, str) or not place.startswith(secure):
            raise NotReturned(f"the provider names no {name} that could be used")
        return place

    def _known(self) -> Mapping[str, Any]:
        """The discovery document: asked for once an hour, and where that failed not again for some seconds. Raises NotReturned."""
        now = self._clock()
        if self._document is None or now - self._document[0] >= _KNOWN_SECS:
            if now - self._failed[0] < _REST_SECS:
                raise NotReturned(self._failed[1])
            try:
                self._document = now, discovery(self._provider)
            except NoKeys as error:
                self._failed = now, str(error)
                raise NotReturned(str(error)) from None
        return self._document[1]


def _nonce(token: str) -> str:
    """As it stands there: whether the token is the provider's is another's question."""
    try:
        found = jwt.decode(token, options={"verify_signature": False}).get("nonce")
    except (jwt.PyJWTError, ValueError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""
