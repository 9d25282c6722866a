"""How a visitor likes pages to look: three cookies that hold nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse

from collector.console.pages.frame import DENSITIES, THEMES
from collector.console.refusal import Refused
from collector.console.times import zone_of

router = APIRouter()
_YEAR_SECS = 365 * 86_400


@router.post("/display")
async def display(
    request: Request,
    theme: str = Form("system"),
    density: str = Form("compact"),
    zone: str = Form("UTC"),
    back: str = Form("/"),
) -> RedirectResponse:
    """Remember it, and go back to where it was chosen."""
    if theme not in THEMES or density not in DENSITIES:
        raise Refused(400, "there is no such theme or density")
    base = request.scope.get("root_path", "")
    answer = RedirectResponse(below(back, base), 303)
    named = {"theme": theme, "density": density, "zone": zone if str(zone_of(zone)) == zone else "UTC"}
    for name, value in named.items():
        answer.set_cookie(name, value, max_age=_YEAR_SECS, path=base or "/", samesite="lax", httponly=True)
    return answer


def below(back: str, base: str) -> str:
    """A path of the console as a browser will read it; anything else is its first page."""
    text = "".join(character for character in back if character.isprintable() and character != "\\")
    parts = urlsplit(text)
    ours = text == back and not parts.scheme and not parts.netloc and text.startswith(f"{base}/")
    return text if ours and not text.startswith("//") else f"{base}/"
