"""What the schema's types accept: addresses, host names, mail addresses."""

from __future__ import annotations

import ipaddress

import polars as pl

_IPV4 = r"^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$"
_HOSTNAME = r"^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$"
_EMAIL = r"^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+$"
_MAX_IP = 40


def is_ip(text: pl.Series) -> pl.Series:
    """IPv4 by pattern; what has a colon is asked once for each distinct text."""
    four = text.str.contains(_IPV4)
    maybe = text.str.contains(":", literal=True) & (text.str.len_bytes() <= _MAX_IP)
    if not maybe.any():
        return four
    six = [value for value in text.filter(maybe).unique() if _is_ipv6(value)]
    return four | text.is_in(pl.Series(six, dtype=pl.String).implode())


def is_hostname(text: pl.Series) -> pl.Series:
    """Names that DNS could hold, and no IP address."""
    return text.str.contains(_HOSTNAME) & ~text.str.contains(_IPV4)


def is_email(text: pl.Series) -> pl.Series:
    """Plain addresses."""
    return text.str.contains(_EMAIL)


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.IPv6Address(text).scope_id is None
    except ValueError:
        return False
