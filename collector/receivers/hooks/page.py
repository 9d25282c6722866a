"""The pages behind signed links: plain HTML without scripts, which nothing can frame, keep, or send on."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from collector.ingress.http_response import Headers, Response

_STYLE = (
    "body{margin:0;padding:10vh 16px;background:#f2f4f7;color:#101828;font:16px/24px -apple-system,'Segoe UI',Roboto,sans-serif}"
    "main{max-width:30rem;margin:auto;padding:24px 28px;background:#fff;border:1px solid #e4e7ec;border-radius:12px}"
    "h1{margin:0 0 8px;font-size:20px;line-height:28px}p{margin:8px 0;color:#475467;overflow-wrap:anywhere}"
    "button{margin-top:16px;padding:10px 20px;border:0;border-radius:8px;background:#175cd3;color:#fff;font-family:inherit;font-size:16px;font-weight:600;cursor:pointer}"
    "@media(prefers-color-scheme:dark){body{background:#0c111d;color:#f5f5f6}main{background:#161b26;border-color:#333741}p{color:#cecfd2}}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
HEADERS: Headers = (
    (b"content-security-policy", _POLICY.encode()), (b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"), (b"x-robots-tag", b"noindex, nofollow"),
)  # fmt: skip
_HTML = b"text/html; charset=utf-8"


def page(status: int, title: str, *lines: str, form: str = "") -> Response:
    """One of them. `form` is HTML, all else text."""
    said = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    text = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{said}{form}</main></body></html>"
    )
    return Response(status, _HTML, text.encode(), HEADERS)


def form(label: str, attempt: str) -> str:
    """A button that does it, once a page: it posts to where the page came from."""
    return (
        f'<form method="post"><input type="hidden" name="attempt" value="{escape(attempt, quote=True)}">'
        f'<button type="submit">{escape(label)}</button></form>'
    )
