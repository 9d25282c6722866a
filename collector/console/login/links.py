"""Links that let somebody in once: made by `logboom login`, by whoever has the data directory."""

from __future__ import annotations

from collections.abc import Callable

from collector.domains.credential import Credential
from collector.domains.resolver import RequestFacts
from collector.domains.session_store import SessionStore, SessionsUnreadable
from collector.errors import Unauthenticated, Unavailable

LINK = "link"
SCHEME = "Link "


class Links:
    """An authenticator whose credential is the token of a link; asking for it uses it up."""

    def __init__(self, store: SessionStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def start(self) -> None:
        """Nothing to do."""

    def reload(self) -> None:
        """Nothing to do."""

    def shutdown(self) -> None:
        """Nothing to do."""

    def authenticate(self, request: RequestFacts) -> Credential:
        """Whom it lets in. On a thread: it waits for the disk."""
        token = (request.header("authorization") or "").removeprefix(SCHEME)
        try:
            link = self._store.redeem(token, int(self._clock()))
        except SessionsUnreadable as error:
            raise Unavailable("links can't be looked up now, try again") from error
        if link is None:
            raise Unauthenticated("the link was followed before, or is too old", cause="unknown")
        domains = None if link.domains is None else sorted(link.domains)
        return Credential(
            None if domains is None else domains[0], id=link.who, scopes=link.scopes, domains=tuple((domains or ())[1:])
        )
