"""The first step of a request, the same over gRPC and HTTP: who sends, before its message is read."""

from __future__ import annotations

from collector.admission.entrance import Entrance
from collector.domains.credential import WRITE, Credential
from collector.domains.resolver import RequestFacts
from collector.errors import Refusal
from collector.transport.probe import USER_AGENT


def authenticated(entrance: Entrance, request: RequestFacts, scope: str = WRITE) -> Credential | None:
    """Who sends; None where nobody is asked. Raises a `Refusal`, of which the operator hears once a peer, unless it is our
    own probe that was turned away."""
    try:
        return entrance.authenticate(request, scope)
    except Refusal as refusal:
        if request.header("user-agent") != USER_AGENT:
            entrance.remark(request.peer(), refusal.reason)
        raise
