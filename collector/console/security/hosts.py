"""By which names the console may be asked for. A page of a stranger can make a browser take its own name for loopback (DNS rebinding): such a
request has that name in `Host`, and is told nothing."""

from __future__ import annotations

import ipaddress

_LONGEST = 255


def host_of(header: str) -> str:
    """The name in a `Host`, without the port; empty where it is none."""
    if not 0 < len(header) <= _LONGEST:
        return ""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.rsplit(":", 1)[0].lower() if header.count(":") == 1 else header.lower()


def is_ours(header: str, allowed: frozenset[str]) -> bool:
    """Whether it is a name of loopback, or one of those that the options name."""
    name = host_of(header)
    if name == "localhost" or name.endswith(".localhost") or name in allowed:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
