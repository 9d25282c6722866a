"""`oidc`: tokens that a provider signed (JWT, RFC 7519), verified here with its public keys.

The provider is found by the token's unverified `iss` in a fixed list; keys come from that provider alone, never from a place that a token
names. Good tokens are remembered under the SHA-256 of the whole, bad ones in a memory of their own, so that invented ones push out none.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jwt

from collector.component import Context, Journey
from collector.domains.credential import Credential
from collector.domains.remembered import Remembered, fingerprint
from collector.domains.resolver import RequestFacts
from collector.errors import InvalidPayload, Unauthenticated
from collector.extensions.oidc.browser_login import BrowserLogin
from collector.extensions.oidc.claims import credential_of
from collector.extensions.oidc.config import OidcConfig, Provider
from collector.extensions.oidc.key_set import KeySet

_ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""Key type → what may be signed with it: never a shared secret, never `none`."""
_CHALLENGE = 'Bearer realm="logboom"'
_INVALID = f'{_CHALLENGE}, error="invalid_token"'
_GOOD_SECS, _BAD_SECS = 300.0, 30.0
_LONGEST = 16 << 10


class _Wrong(Exception):
    """The token is not good; a word says why."""


class Oidc:
    """Safe from any thread."""

    def __init__(self, config: OidcConfig, context: Context) -> None:
        self._attribute = config.attribute.lower()
        self._providers = {provider.issuer_url: provider for provider in config.providers}
        self._any = next((provider for provider in config.providers if provider.ignore_issuer), None)
        self._keys = {name: KeySet(provider, context.id) for name, provider in self._providers.items()}
        self._logins = {
            name: BrowserLogin(provider, provider.login)
            for name, provider in self._providers.items()
            if provider.login is not None
        }
        self._good: Remembered[Credential] = Remembered()
        self._bad: Remembered[str] = Remembered()

    def start(self) -> None:
        """Begin to ask the providers for keys; a provider that is down stops nobody from starting."""
        for keys in self._keys.values():
            keys.start()

    def reload(self) -> None:
        """Look at files of keys."""
        for keys in self._keys.values():
            keys.reload()

    def stale(self) -> dict[str, str]:
        """Issuers that can't be asked, whose keys of before are still good."""
        said = "can't be asked for keys: those of before are good for some time, and new ones are not known"
        return {name: f"{name} {said}" for name, keys in self._keys.items() if keys.is_stale}

    def shutdown(self) -> None:
        """Ask no more."""
        for keys in self._keys.values():
            keys.shutdown()

    def authenticate(self, request: RequestFacts) -> Credential:
        """Whom the token was given to."""
        token = self._shown(request)
        name = fingerprint(token)
        found = self._good.get(name)
        if found is not None:
            return found
        try:
            if cause := self._bad.get(name):
                raise _Wrong(cause)
            return self._verified(token, name)
        except _Wrong as wrong:
            self._bad.put(name, str(wrong), _BAD_SECS)
            raise Unauthenticated("the credential is not valid", [_INVALID], cause=str(wrong)) from None

    def recall(self, request: RequestFacts) -> Credential | None:
        """Whose token was verified before."""
        try:
            return self._good.get(fingerprint(self._shown(request)))
        except Unauthenticated:
            return None

    def elsewhere(self) -> Mapping[str, str]:
        """Providers where people log in."""
        return {name: one.label for name, one in self._logins.items()}

    def sent(self, name: str, back: str) -> Journey:
        """To a provider. Raises NotReturned."""
        return self._logins[name].sent(back)

    def returned(self, name: str, journey: Journey, code: str, back: str) -> str:
        """The id token of who comes back. Raises NotReturned."""
        return self._logins[name].returned(journey, code, back)

    def _shown(self, request: RequestFacts) -> str:
        values = request.values(self._attribute)
        if len(values) > 1:
            raise InvalidPayload(f"more than one {self._attribute} header")
        if not values or not values[0]:
            raise Unauthenticated("a token is needed: send authorization: Bearer TOKEN", [_CHALLENGE], cause="missing")
        scheme, _, token = values[0].strip().partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > _LONGEST:
            raise Unauthenticated("the credential is not valid", [_INVALID], cause="malformed")
        return token.strip()

    def _verified(self, token: str, name: bytes) -> Credential:
        provider, kid = self._signed_by(token)
        key = self._keys[provider.issuer_url].find(kid)
        if key is None:
            raise _Wrong("unknown_key")
        claims = _decoded(token, key, provider)
        now, issued = time.time(), claims.get("iat")
        began = min(now, issued) if isinstance(issued, int | float) else now
        if claims["exp"] - began > provider.max_lifetime + provider.leeway:
            raise _Wrong("lifetime")
        credential = credential_of(claims, provider)
        self._good.put(name, credential, min(_GOOD_SECS, max(0.0, claims["exp"] + provider.leeway - now)))
        return credential

    def _signed_by(self, token: str) -> tuple[Provider, str | None]:
        """Who claims to have signed, and with which key; nothing of it is believed yet."""
        try:
            parts = jwt.decode_complete(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _Wrong("malformed") from None
        provider = self._any or self._providers.get(str(parts["payload"].get("iss")))
        if provider is None:
            raise _Wrong("issuer")
        kid = parts["header"].get("kid")
        return provider, kid if isinstance(kid, str) else None


def _decoded(token: str, key: jwt.PyJWK, provider: Provider) -> dict[str, Any]:
    """The claims. Raises _Wrong."""
    required = ["exp"] + ["aud"] * (not provider.ignore_audience) + ["iss"] * (not provider.ignore_issuer)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=list(_ALGORITHMS.get(key.key_type or "", ())),
            audience=None if provider.ignore_audience else provider.audience,
            issuer=None if provider.ignore_issuer else provider.issuer_url,
            leeway=provider.leeway,
            options={"require": required, "verify_aud": not provider.ignore_audience},
        )
    except jwt.ExpiredSignatureError:
        raise _Wrong("expired") from None
    except jwt.InvalidAudienceError:
        raise _Wrong("audience") from None
    except jwt.InvalidIssuerError:
        raise _Wrong("issuer") from None
    except jwt.InvalidSignatureError:
        raise _Wrong("signature") from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        raise _Wrong("invalid") from None
    return claims
