"""Who asks, and what they may."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from collector.console.parts import parts, visitor

router = APIRouter(tags=["me"])


class Me(BaseModel):
    """A visitor. `domains`: null for all; `login`: by which extension they logged in, or `link`; empty for programs, and where nobody is asked;
    `privacy`: they may see what is masked, with a reason; `masked`: something is."""

    name: str
    role: str
    domains: list[str] | None
    login: str
    privacy: bool
    masked: bool


@router.get("/me")
async def me(request: Request) -> Me:
    """Who you are here."""
    who = visitor(request)
    domains = None if who.scope.is_everything else who.scope.sorted()
    return Me(
        name=who.name,
        role=who.role.name.lower(),
        domains=domains,
        login=who.login,
        privacy=who.privacy,
        masked=parts(request).masks is not None,
    )
