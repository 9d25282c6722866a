"""Addresses of machines. `127.0.0.1`, `0.0.0.0`, `255.255.255.255`, `::1` are nobody's, one that ends in zeros is a network's; versions are none."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from collector.privacy.classes.detector import Detector, Span, by_pattern

_V4 = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_GROUP = "[0-9A-Fa-f]{1,4}"
_FIRST = "[0-9A-Fa-f]{3,4}"
_V6 = rf"{_FIRST}:(?:{_GROUP}:){{6}}{_GROUP}|{_FIRST}:(?:{_GROUP}:){{0,6}}(?::{_GROUP}){{1,7}}|::[fF]{{4}}:{_V4}"
_PATTERN = re.compile(rf"(?:(?<![0-9A-Za-z_.]){_V4}|(?<![0-9A-Za-z_:.])(?:{_V6}))(?![0-9A-Za-z_])")
_LIKELY = r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d|\b[0-9A-Fa-f]{3,4}:[0-9A-Fa-f]{0,4}:|::[fF]{4}:"
_VERSION = re.compile(
    r"(?i)(?:\b(?:v|ver|version|versions|release|build|assembly\w*|kernel|firmware|driver|package|revision|rev)[\"']?\s*[=:]?\s*[\"']?|[A-Z][A-Za-z]*/)\Z"
)
_TAG = re.compile(r"[A-Za-z]:\Z")
_HOST = re.compile(
    r"(?i)(?:host|ip|addr|address|client|peer|from|to|server|remote|src|dst|source|destination|node|endpoint|inet|bind|listen):\Z"
)
_PRODUCT = re.compile(r"[A-Z][A-Za-z]*/\Z")
_KEPT_V4, _KEPT_V6 = 24, 48
_OF_HOST = (1 << 80) - 1


def network(address: str) -> str:
    """The network that an address belongs to, of /24 or /48, as the address of its beginning."""
    found = ipaddress.ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    if mapped is not None:
        return f"::ffff:{network(str(mapped))}"
    kept = _KEPT_V4 if found.version == 4 else _KEPT_V6
    return str(ipaddress.ip_network((found, kept), strict=False).network_address)


def _confirm(text: str, match: Any) -> Span | None:
    begin, end = match.span()
    found = match.group()
    if ":" not in found:
        return (begin, end) if _is_v4(found) and _v4_fits(text, begin, end) else None
    return (begin, end) if _is_v6(found) and _v6_fits(text, begin, end, found) else None


def _is_v4(found: str) -> bool:
    """Somebody's machine."""
    octets = found.split(".")
    if any(int(octet) > 255 or (octet[0] == "0" and octet != "0") for octet in octets):
        return False
    return octets[0] not in ("0", "127") and octets[3] != "0" and found != "255.255.255.255"


def _is_v6(found: str) -> bool:
    try:
        address = ipaddress.IPv6Address(found)
    except ValueError:
        return False
    if address.ipv4_mapped is not None:
        return _is_v4(str(address.ipv4_mapped))
    return not address.is_loopback and not address.is_unspecified and int(address) & _OF_HOST != 0


def _v4_fits(text: str, begin: int, end: int) -> bool:
    before, behind = text[max(begin - 16, 0) : begin], text[end : end + 2]
    if before[-1:].isalnum() or before[-1:] in ("_", ".") or (before[-1:] == "-" and before[-2:-1].isalpha()):
        return False
    if (
        behind[:1].isalnum()
        or behind[:1] == "_"
        or (behind[:1] in (".", "-") and behind[1:].isalnum() and not behind[1:].isdigit())
    ):
        return False
    if behind[:1] == "." and behind[1:].isdigit():
        return False
    if _TAG.search(before) is not None and not behind.startswith(":") and _HOST.search(before) is None:
        return False  # app:1.4.2.9
    return _PRODUCT.search(before) is None and _VERSION.search(before) is None


def _v6_fits(text: str, begin: int, end: int, found: str) -> bool:
    if (
        text[begin - 1 : begin].isalnum()
        or text[begin - 1 : begin] in (":", "_")
        or text[end : end + 1].isalnum()
        or text[end : end + 1] in (":", "_")
    ):
        return False
    return "." in found or "::" not in found or any(each.isdigit() for each in found)


IP = Detector("ip", "", by_pattern(_PATTERN, _confirm), numbers=_LIKELY)
