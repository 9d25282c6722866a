"""A strict reader of LEEF, written from IBM's guide and not from the encoder: what it does not know it refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_CODE = re.compile(r"(?:0x|x)([0-9A-Fa-f]{1,4})")
_KEY = re.compile(r"[A-Za-z0-9]+")


class NotLeef(ValueError):
    """The line is not one LEEF event."""


@dataclass(frozen=True, slots=True)
class LeefEvent:
    """What the line says."""

    version: str
    vendor: str
    product: str
    device_version: str
    event_id: str
    delimiter: str
    attributes: dict[str, str]


def read_leef(line: str) -> LeefEvent:
    """The one event of a line. Raises `NotLeef`."""
    if _CONTROL.search(line):
        raise NotLeef("a control character")
    version = line.removeprefix("LEEF:").partition("|")[0]
    if version not in ("1.0", "2.0") or not line.startswith("LEEF:"):
        raise NotLeef("no LEEF prefix of version 1.0 or 2.0")
    fields = line.split("|", 6 if version == "2.0" else 5)
    if len(fields) != (7 if version == "2.0" else 6) or "" in fields:
        raise NotLeef("fields of the header are missing or empty")
    if len(fields[4]) > 255 or any(field != field.strip(" ") or "\t" in field for field in fields[1:5]):
        raise NotLeef("a field of the header is too long, or has spaces around it or a tab inside")
    delimiter = _delimiter(fields[5]) if version == "2.0" else "\t"
    vendor, product, device_version, event_id = fields[1:5]
    return LeefEvent(version, vendor, product, device_version, event_id, delimiter, _attributes(fields[-1], delimiter))


def _delimiter(written: str) -> str:
    code = _CODE.fullmatch(written)
    if code is None and len(written) != 1:
        raise NotLeef(f"{written!r} is no delimiter")
    return chr(int(code[1], 16)) if code else written


def _attributes(text: str, delimiter: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in text.split(delimiter):
        key, equals, value = pair.partition("=")
        if not _KEY.fullmatch(key) or not equals or key in found:
            raise NotLeef(f"{pair[:40]!r} is no new key=value")
        if value != value.strip(" ") or not value or "\t" in value:
            raise NotLeef(f"{key}: spaces around the value, or none, or a tab inside")
        found[key] = value
    return found
