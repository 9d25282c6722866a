"""Templates: autoescaped, strict, with the few filters that pages share. Text of senders goes through `shown`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from collector.console.metering import rows_read
from collector.console.pages.frame import frame
from collector.console.parts import form_token
from collector.console.security.form_tokens import FIELD
from collector.console.serving_files import path_of
from collector.console.times import UNKNOWN, ago, clock, exact, iso, span, stamp, until
from collector.visible import visible, visible_lines

_POST_FORM = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>')
_SIZES = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
_TEMPLATES = Path(__file__).parent.parent / "templates"


async def page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A whole page: with header, navigation and footer."""
    return HTMLResponse(part(request, template, **await frame(request), **context), status)


def part(request: Request, template: str, **context: Any) -> Markup:
    """A template alone, such as a panel."""
    base = request.scope.get("root_path", "")
    asked = dict(request.query_params)

    def link(path: str, **changed: str | int | None) -> str:
        """A path of the console with the domain and time of this page, and these parameters: None takes one away."""
        return address(request, path, **changed)

    def here(**changed: str | int | None) -> str:
        """This page, otherwise asked."""
        return _url(base + _below(request), {**asked, **{name.rstrip("_"): value for name, value in changed.items()}})

    def asset(name: str) -> str:
        return f"{base}{path_of(name)}"

    written = (
        _environment()
        .get_template(template)
        .render(base=base, asked=asked, link=link, here=here, asset=asset, **context)
    )
    return Markup(_with_token(written, form_token(request)))  # noqa: S704 - of a template that escapes


def _with_token(written: str, token: str) -> str:
    """Each form that changes something shows the session's token, so none can forget it. Text of senders is escaped: it makes no form."""
    shown = f'<input type="hidden" name="{FIELD}" value="{token}">'
    return _POST_FORM.sub(lambda form: form[0] + shown, written) if token else written


def address(request: Request, path: str, **changed: str | int | None) -> str:
    """A path of the console with the domain and time of this request, and these parameters: None takes one away."""
    kept = {name: value for name in ("domain", "from", "to") if (value := request.query_params.get(name))}
    base = request.scope.get("root_path", "")
    return _url(base + path, {**kept, **{name.rstrip("_"): value for name, value in changed.items()}})


def _below(request: Request) -> str:
    return str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))


def _url(path: str, parameters: Mapping[str, Any]) -> str:
    written = urlencode({name: value for name, value in parameters.items() if value is not None and value != ""})
    return f"{path}?{written}" if written else path


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "shown": visible, "shown_lines": visible_lines, "number": _number, "ago": ago, "clock": clock, "exact": exact, "iso": iso,
        "span": span, "stamp": stamp, "until": until,
        "size": _size, "short": _short,
    }  # fmt: skip
    environment.globals["rows_read"] = rows_read
    return environment


def _number(value: float | None) -> str:
    """`1,234`; a dash for what is not known."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def _size(count: float) -> str:
    """`1.4 GiB`: bytes, to two digits."""
    unit, size = next(((unit, size) for unit, size in _SIZES if count >= size), ("B", 1))
    n = count / size
    return f"{n:.1f} {unit}" if 0 < n < 10 and unit != "B" else f"{n:,.0f} {unit}"


def _short(n: float) -> str:
    """`900`, `4k`, `1.5M`: where there is little room."""
    unit, size = next(((unit, size) for unit, size in (("M", 10**6), ("k", 1000)) if n >= size), ("", 1))
    return f"{n / size:.1f}".removesuffix(".0") + unit
