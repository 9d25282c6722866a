"""Overview: must I act?"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from collector.console.pages.rendering import page

router = APIRouter()


@router.get("/")
async def overview(request: Request) -> HTMLResponse:
    """The page."""
    return await page(request, "overview.html")
