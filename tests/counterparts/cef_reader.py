"""A strict reader of CEF, written from the implementation standard and not from the encoder: what it does not know it refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HEADER = re.compile(r"((?:[^|\\]|\\[|\\])*)\|")
_PAIR = re.compile(r"([A-Za-z0-9]+)=((?:[^=\\]|\\[=\\nr])*?)(?= [A-Za-z0-9]+=|$)")
_ESCAPED = {"\\\\": "\\", "\\=": "=", "\\n": "\n", "\\r": "\r", "\\|": "|"}
_ESCAPE = re.compile(r"\\.")


class NotCef(ValueError):
    """The line is not one CEF event."""


@dataclass(frozen=True, slots=True)
class CefEvent:
    """What the line says, unescaped."""

    version: int
    vendor: str
    product: str
    device_version: str
    event_class: str
    name: str
    severity: int
    extension: dict[str, str]

    def labelled(self, label: str) -> str | None:
        """The custom field that is labelled so."""
        keys = [key for key, value in self.extension.items() if key.endswith("Label") and value == label]
        return self.extension[keys[0].removesuffix("Label")] if keys else None


def read_cef(line: str) -> CefEvent:
    """The one event of a line. Raises `NotCef`."""
    if _CONTROL.search(line):
        raise NotCef("a control character")
    if line[:6] not in ("CEF:0|", "CEF:1|"):
        raise NotCef("no CEF prefix of version 0 or 1")
    fields: list[str] = []
    place = 6
    for _ in range(6):
        found = _HEADER.match(line, place)
        if found is None:
            raise NotCef(f"field {len(fields) + 2} of the header does not end, or has an escape that is none")
        fields.append(_unescaped(found[1]))
        place = found.end()
    vendor, product, device_version, event_class, name, severity = fields
    if not re.fullmatch(r"[0-9]|10", severity) or "" in fields:
        raise NotCef(f"severity {severity!r}, or an empty field in the header")
    version = int(line[4])
    return CefEvent(version, vendor, product, device_version, event_class, name, int(severity), _pairs(line[place:]))


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    place = 0
    while place < len(text):
        found = _PAIR.match(text, place)
        if found is None:
            raise NotCef(f"no key=value at {text[place : place + 40]!r}")
        key, value = found[1], found[2]
        if key in pairs or value != value.strip(" ") or not value:
            raise NotCef(f"{key!r} comes twice, is empty, or has spaces around its value")
        pairs[key] = _unescaped(value)
        place = found.end() + 1
    return pairs


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED[found[0]], text)
