"""Who sends, and may it? The first step of a request, the same for every listener and authenticator.

throttle ► authenticator: who is it ► permission: for this, from there, out of that page ► counted
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from collector.admission.throttle import Throttle
from collector.component import Recalls, ServerAuthenticator
from collector.domains.credential import WRITE, Credential
from collector.domains.origins import is_among
from collector.domains.resolver import RequestFacts
from collector.domains.senders import Senders
from collector.errors import PermissionDenied, Refusal, Unauthenticated

_UNTRIED = frozenset({"missing", "throttled"})
"""Causes that are no attempt: nothing was shown, or nothing was verified."""


class Asked(NamedTuple):
    """A request that was asked who sends it, for metrics and events: outcome `let_in`, or a refusal's class name; `cause` is empty
    with the first; `credential` an id, where one is known."""

    authenticator: str
    outcome: str
    cause: str
    receiver: str
    address: str
    user_agent: str
    credential: str = ""
    domain: str = ""


OnAsked = Callable[[Asked], None]
OnEntered = Callable[[Asked, int, str], None]
"""(who, wrong credentials that came from there lately, a network that is new to the credential, or empty)."""
LET_IN = "let_in"


class Doorkeeper:
    """Of all listeners of a process; safe from any thread.

    Args:
        senders: whose word about addresses is believed.
        on_refused: told of every refusal, in the thread of the request: it must not wait.
        on_entered: told of who was let in where something is unusual about it; likewise.
        networks: (credential, address) → the network, if it is new to the credential.
    """

    def __init__(
        self,
        senders: Senders | None = None,
        throttle: Throttle | None = None,
        on_refused: OnAsked = lambda _: None,
        on_entered: OnEntered = lambda *_: None,
        networks: Callable[[str, str], str] = lambda *_: "",
    ):
        self._on_entered = on_entered
        self._networks = networks
        self._senders = senders or Senders(())
        self._throttle = throttle or Throttle()
        self._on_refused = on_refused
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def let_in(
        self, authenticator: ServerAuthenticator, name: str, receiver: str, request: RequestFacts, scope: str = WRITE
    ) -> Credential:
        """The sender; `scope`: what it wants to do. Raises the `Refusal` that it gets."""
        credential = None
        try:
            credential = self._who(authenticator, request)
            self.permit(credential, request, scope)
        except Refusal as refusal:
            self._refused(refusal, name, receiver, request, credential)
            raise
        with self._lock:
            self._counts[name, LET_IN, ""] += 1
        self._entered(credential, name, receiver, request)
        return credential

    def address(self, request: RequestFacts) -> str:
        """Where it comes from, behind a trusted peer whom that forwards for."""
        return self._senders.address(request)

    def permit(self, credential: Credential, request: RequestFacts, scope: str = WRITE) -> None:
        """Whether who is known may do this, this way. Raises PermissionDenied."""
        if scope not in credential.scopes:
            challenge = f'Bearer realm="logboom", error="insufficient_scope", scope="{scope}"'
            what = "sending" if scope == WRITE else "this"
            raise PermissionDenied(f"the credential is not for {what}: it lacks {scope}", [challenge], cause="scope")
        if credential.networks and not self._senders.is_within(request, credential.networks):
            raise PermissionDenied("the credential is not for this network", cause="network")
        if credential.origins and not is_among(request.header("origin"), credential.origins):
            raise PermissionDenied("the credential is not for this web page", cause="origin")

    def _entered(self, credential: Credential, name: str, receiver: str, request: RequestFacts) -> None:
        """Tell of what is seldom: from where wrong credentials came, or where a key was never used."""
        if self._throttle.quiet and (credential.public or not credential.id):
            return
        address = self._senders.address(request)
        failures = 0 if self._throttle.quiet else self._throttle.failures(self._senders.network(request))
        network = "" if credential.public or not credential.id else self._networks(credential.id, address)
        if failures or network:
            agent = request.header("user-agent") or ""
            asked = Asked(name, LET_IN, "", receiver, address, agent, credential.id, credential.domain or "")
            self._on_entered(asked, failures, network)

    def counts(self) -> Mapping[tuple[str, str, str], int]:
        """(authenticator, outcome, cause) → requests since the start."""
        with self._lock:
            return dict(self._counts)

    def _who(self, authenticator: ServerAuthenticator, request: RequestFacts) -> Credential:
        if self._throttle.idle or not self._throttle.is_closed_to(self._senders.network(request)):
            return authenticator.authenticate(request)
        known = authenticator.recall(request) if isinstance(authenticator, Recalls) else None
        if known is None:
            raise Unauthenticated("too many wrong credentials came from your network", cause="throttled")
        return known

    def _refused(
        self, refusal: Refusal, name: str, receiver: str, request: RequestFacts, credential: Credential | None
    ) -> None:
        cause = refusal.cause if isinstance(refusal, Unauthenticated | PermissionDenied) else ""
        if isinstance(refusal, Unauthenticated) and cause not in _UNTRIED:
            self._throttle.failed(self._senders.network(request))
        outcome = type(refusal).__name__
        with self._lock:
            self._counts[name, outcome, cause] += 1
        ident, domain = (credential.id, credential.domain or "") if credential is not None else ("", "")
        if isinstance(refusal, Unauthenticated):
            ident, domain = refusal.credential, refusal.domain
        address, agent = self._senders.address(request), request.header("user-agent") or ""
        self._on_refused(Asked(name, outcome, cause, receiver, address, agent, ident, domain))
