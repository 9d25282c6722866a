"""Google's application default credentials, by google-auth (extra `googlecloud`): a key file, a user's own, workload identity, the
metadata server. The library waits for answers, so it runs on threads; what it says is reduced to its first line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

from collector.errors import LogboomError
from collector.transport.access_token import Granted, TokenRefused

_LIFETIME_SECS = 3600.0
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Actor:
    """Whom to act as, and by whose leave (service account impersonation)."""

    target_principal: str
    delegates: Sequence[str] = ()
    subject: str = ""


def lacking() -> str:
    """What must be installed for Google's credentials; empty where it is. Nothing is imported to tell."""
    try:
        found = all(find_spec(name) is not None for name in ("google.auth", "requests"))
    except ModuleNotFoundError:
        found = False
    return "" if found else "Google's credentials need the extra: pip install 'logboom[googlecloud]'"


class GoogleCredentials:
    """Looked for with each token, once an hour, so that they can be changed. `project` is what they belong to: empty before the first,
    and where they name none."""

    def __init__(self, scope: str, actor: Actor | None = None) -> None:
        self._scope = scope
        self._actor = actor
        self.project = ""

    def check(self) -> None:
        """Raises LogboomError where the library is not there."""
        if lack := lacking():
            raise LogboomError(lack)

    async def grant(self) -> Granted:
        """A new token. Raises TokenRefused."""
        return await asyncio.to_thread(self._granted)

    def _granted(self) -> Granted:
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        try:
            request = Request()
            found = self._default(request)
            found.refresh(request)
            return Granted(str(found.token), _left_secs(found.expiry))
        except (GoogleAuthError, OSError, ValueError) as error:
            raise _refused(error) from None

    def _default(self, request: Any) -> Any:
        import google.auth
        from google.auth import impersonated_credentials

        own, project = google.auth.default(scopes=[self._scope], request=request)
        self.project = project or ""
        if self._actor is None:
            return own
        acting: Any = impersonated_credentials.Credentials
        return acting(
            source_credentials=own,
            target_principal=self._actor.target_principal,
            target_scopes=[self._scope],
            delegates=list(self._actor.delegates),
            subject=self._actor.subject or None,
        )


def _left_secs(expiry: datetime | None) -> float:
    """google-auth's times are UTC without saying so."""
    if expiry is None:
        return _LIFETIME_SECS
    return max(1.0, (expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds())


def _refused(error: Exception) -> TokenRefused:
    """What may pass: a service that can't be reached or has too much to do."""
    from google.auth.exceptions import TransportError

    may_pass = bool(getattr(error, "retryable", False)) or isinstance(error, TransportError)
    said = str(error.args[0] if error.args else error).partition("\n")[0].strip()[:_SHOWN_CHARACTERS]
    return TokenRefused(f"no access token from Google's credentials: {said or type(error).__name__}", may_pass=may_pass)
