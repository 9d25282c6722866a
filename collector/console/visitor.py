"""Who asks, and what that lets them see and do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

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
        login: of which login; empty where there is none.
    """

    name: str
    scope: Scope
    role: Role
    login: str = ""


LOCAL = Visitor("local", Scope.everything(), Role.ADMIN)
"""Whoever has the machine, where the console listens on loopback and asks for no login."""
