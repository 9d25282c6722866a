"""Who asks, and what that lets them see and do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from collector.domains.credential import ADMIN, OPERATE, PRIVACY
from collector.scope import Scope


class Role(IntEnum):
    """Each may do what those before it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Visitor:
    """Of a request.

    Args:
        name: as people and the audit trail read it; never a secret.
        scope: the domains that exist for them.
        login: by what they logged in: an extension's id, or `link`; empty where they did not.
        session: public id of their session; empty for programs, and where there is no login.
        privacy: they may see what is masked, with a reason.
    """

    name: str
    scope: Scope
    role: Role
    login: str = ""
    session: str = ""
    privacy: bool = False

    @property
    def sees_audit(self) -> bool:
        """Whether the audit log of their domains is theirs to read."""
        return self.privacy or self.role >= Role.ADMIN


LOCAL = Visitor("local", Scope.everything(), Role.ADMIN, privacy=True)
"""Whoever has the machine, where the console listens on loopback and asks for no login."""
NOBODY = Visitor("", Scope.of(), Role.VIEWER)
"""Whoever stands before the login."""


def visitor_of(
    name: str, scopes: frozenset[str], domains: frozenset[str] | None, login: str = "", session: str = ""
) -> Visitor:
    """Of what a credential may. `domains`: None for all."""
    role = Role.ADMIN if ADMIN in scopes else Role.OPERATOR if OPERATE in scopes else Role.VIEWER
    return Visitor(
        name, Scope.everything() if domains is None else Scope(domains), role, login, session, PRIVACY in scopes
    )
