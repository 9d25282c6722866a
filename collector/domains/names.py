"""How the name of a domain is written: ASCII, lower case, without the dot of a fully qualified name."""

from __future__ import annotations

import re

from collector.reserved import DOMAIN

LONGEST = 253  # RFC 1035
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def domain_name(text: str) -> str:
    """The one spelling of a domain that people name; what is not ASCII becomes what a browser sends (`xn--…`).

    Raises:
        ValueError: it is no name of a domain, or the service's own.
    """
    name = text.strip().removesuffix(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            raise ValueError(f"{text!r} is not the name of a domain") from None
    name = name.lower()
    if len(name) > LONGEST or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"{text!r} is not the name of a domain: write it as tamyla.com")
    if name == DOMAIN:
        raise ValueError(f"{DOMAIN} is the service's own domain")
    return name


def host_name(host: str) -> str:
    """The name in a host as senders write it, with or without port; empty where it can be none: of other letters only look-alikes
    would come."""
    name = host.strip()
    if not name.isascii():
        return ""
    if not name.startswith("["):
        name = name.partition(":")[0]
    return name.removesuffix(".").lower()
