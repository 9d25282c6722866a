"""Who a sender proved to be, and what that lets it do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.domains.senders import Network

WRITE, READ, OPERATE, ADMIN, SILENCE = "logs:write", "logs:read", "operate", "admin", "alerts:silence"
PRIVACY = "privacy"
"""Scopes: to send, to read, to decide about issues and alerts, to change what others may, to keep alerts from being told; to see what is masked."""
SCOPES = frozenset({WRITE, READ, OPERATE, ADMIN, SILENCE, PRIVACY})
ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({READ}),
    "operator": frozenset({READ, OPERATE, SILENCE}),
    "admin": frozenset({READ, OPERATE, SILENCE, ADMIN}),
    "privacy": frozenset({READ, PRIVACY}),
}
"""What people may, each of the first three beyond the one before: to look, to decide, to see keys and let others in. `privacy` looks, and sees what is
masked where a reason is given; no other role does, so that who runs the service need not see whom it is about."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A checked credential.

    Args:
        domain: the tenant it belongs to; None: to none, so the request's own facts decide.
        multi_domain: it may also send for other known domains, named by the request.
        id: what it is called where people read: a key's id, a user, a subject; never a secret.
        scopes: what it may be used for.
        networks: where requests with it may come from; empty: from anywhere.
        origins: the web pages (`https://shop.example`, `https://*.shop.example`) that may send with it; empty: whoever sends.
        public: anybody may know it, since it stands in web pages: what is sent with it is marked.
        max_body_bytes: the largest body; 0: the listener's own limit.
        limit: unit (`records_per_second` …) → number that it may send; empty: the domain's own limits.
        domains: others that it may send for beside `domain`, where the request names them.
        attributes: what else is known of who sends.
    """

    domain: str | None = None
    multi_domain: bool = False
    id: str = ""
    scopes: frozenset[str] = frozenset({WRITE})
    networks: Sequence[Network] = ()
    origins: Sequence[str] = ()
    public: bool = False
    max_body_bytes: int = 0
    limit: Mapping[str, float] = field(default_factory=dict)
    domains: Sequence[str] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
