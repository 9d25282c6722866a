"""The page in the place of one that can't be shown."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from collector.console.pages.rendering import page
from collector.console.refusal import Refused

_TITLES = {
    400: "That address asks for nothing",
    403: "You may not do that here",
    404: "There is nothing here",
    429: "Too much at once",
}


async def failed_page(request: Request, refused: Refused, id_: str) -> Response:
    """Says what failed, and what still holds."""
    title = _TITLES.get(refused.status, "That failed")
    return await page(request, "failed.html", refused.status, title=title, why=refused.detail, request_id=id_)
