"""Who asks, and what they may."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from collector.console.parts import visitor

router = APIRouter(tags=["me"])


class Me(BaseModel):
    """A visitor. `domains`: null for all."""

    name: str
    role: str
    domains: list[str] | None


@router.get("/me")
async def me(request: Request) -> Me:
    """Who you are here."""
    who = visitor(request)
    return Me(
        name=who.name, role=who.role.name.lower(), domains=None if who.scope.is_everything else who.scope.sorted()
    )
