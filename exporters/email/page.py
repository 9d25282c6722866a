"""A notice as the HTML part of a mail: tables and inline styles, which is what mail programs show; no picture, nothing loaded, no link
but those by which its reader can do something about it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from collector.notices.card import Card, Entry, card
from collector.notices.inert import unlinked
from collector.notices.links import Link
from collector.notices.notice import Notice
from collector.visible import visible

_ALL = 60_000
_COLOURS = {"critical": "#b42318", "warning": "#b54708", "info": "#175cd3", "debug": "#475467"}
_OVER = "#027a48"
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_MONO = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"


def page(notice: Notice, links: Sequence[Link] = ()) -> str:
    """All of it."""
    shown = card(notice, _ALL)
    colour = _OVER if notice.status == "resolved" else _COLOURS.get(notice.level, _COLOURS["info"])
    what = (
        "RESOLVED" if notice.status == "resolved" else "DIGEST" if notice.status == "digest" else notice.level.upper()
    )
    return (
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
        "<meta name=\"color-scheme\" content=\"light\"></head>"
        f"<body style=\"margin:0;padding:24px 12px;background:#f2f4f7;{_FONT}\">"
        "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr><td align=\"center\">"
        "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"width:100%;max-width:{960 if notice.document else 640}px;background:#ffffff;"
        f"border:1px solid #e4e7ec;border-top:4px solid {colour};border-radius:8px\">"
        f"<tr><td style=\"padding:20px 24px 4px\"><span style=\"display:inline-block;padding:2px 10px;border-radius:10px;background:{colour};"
        f"color:#ffffff;font-size:12px;font-weight:600;letter-spacing:.04em\">{_text(what)}</span></td></tr>"
        f"<tr><td style=\"padding:4px 24px 12px;font-size:18px;line-height:26px;font-weight:600;color:#101828\">{_text(shown.title.removeprefix(f'{what}: '))}</td></tr>"
        f"{_ways(links)}{_document(notice) or _facts(shown) + ''.join(map(_entry, shown.entries))}"
        f"<tr><td style=\"padding:14px 24px 18px;font-size:12px;color:#667085\">{_text(shown.footer)}</td></tr>"
        "</table></td></tr></table></body></html>"
    )  # fmt: skip


def _facts(shown: Card) -> str:
    rows = "".join(
        f'<tr><td style="padding:3px 16px 3px 0;color:#667085;white-space:nowrap;vertical-align:top">{_text(name)}</td>'
        f'<td style="padding:3px 0;color:#101828;word-break:break-word">{_text(value)}</td></tr>'
        for name, value in (*shown.facts, *shown.notes)
    )
    return f"<tr><td style=\"padding:0 24px 8px\"><table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"font-size:14px;line-height:20px\">{rows}</table></td></tr>" if rows else ""  # fmt: skip


def _document(notice: Notice) -> str:
    """A text of many lines, as it is laid out; it may be scrolled."""
    lines = "\n".join(_text(visible(line)) for line in notice.document.split("\n"))
    if not notice.document:
        return ""
    return f'<tr><td style="padding:0 24px 8px"><pre style="margin:0;overflow-x:auto;{_MONO};font-size:12px;line-height:18px;color:#101828">{lines}</pre></td></tr>'


def _ways(links: Sequence[Link]) -> str:
    ways = "".join(
        f'<a href="{escape(link.url, quote=True)}" style="display:inline-block;margin:0 8px 8px 0;padding:6px 14px;border:1px solid #d0d5dd;'
        f'border-radius:6px;color:#344054;font-size:14px;font-weight:600;text-decoration:none">{escape(link.label)}</a>'
        for link in links
    )
    return f'<tr><td style="padding:0 24px 8px">{ways}</td></tr>' if ways else ""


def _entry(entry: Entry) -> str:
    lines = "<br>".join(map(_text, entry.lines))
    code = (
        f"<div style=\"margin-top:6px;padding:8px 10px;background:#f9fafb;border-radius:6px;{_MONO};font-size:12px;line-height:18px;"
        f"color:#344054;word-break:break-word\">{lines}</div>"
        if lines
        else ""
    )  # fmt: skip
    return (
        f"<tr><td style=\"padding:10px 24px;border-top:1px solid #f2f4f7;font-size:14px;line-height:20px;color:#101828;"
        f"word-break:break-word\">{_text(entry.heading)}{code}</td></tr>"
    )  # fmt: skip


def _text(text: str) -> str:
    return escape(unlinked(text), quote=True)
