"""Somebody who comes back from a provider with a code: an authenticator of that one request, so it is throttled, counted and told like others."""

from __future__ import annotations

from collections.abc import Callable

from collector.component import NotReturned, ServerAuthenticator
from collector.console.login.facts import Facts
from collector.domains.credential import Credential
from collector.domains.resolver import RequestFacts
from collector.errors import Unauthenticated

PROVIDER = "provider"


class Returned:
    """Fetches the token once, however often it is asked whose it is: a code is good once.

    Args:
        fetch: the token that the provider gives; waits for it. Raises NotReturned.
        shown: a request that shows it.
    """

    def __init__(
        self, authenticator: ServerAuthenticator, fetch: Callable[[], str], shown: Callable[[str], Facts]
    ) -> None:
        self._authenticator = authenticator
        self._fetch = fetch
        self._shown = shown
        self._facts: Facts | None = None

    def start(self) -> None:
        """Nothing to do."""

    def reload(self) -> None:
        """Nothing to do."""

    def shutdown(self) -> None:
        """Nothing to do."""

    def authenticate(self, request: RequestFacts) -> Credential:  # noqa: ARG002 - it holds a code, no credential
        """Whose token it is. On a thread."""
        if self._facts is None:
            try:
                self._facts = self._shown(self._fetch())
            except NotReturned as error:
                raise Unauthenticated(str(error), cause=PROVIDER) from None
        return self._authenticator.authenticate(self._facts)
