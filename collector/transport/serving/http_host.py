"""Which host a request is for: RFC 9112, section 3.2.

A proxy that looks at the first of two Host headers and a server that looks at the last disagree about the domain; so
what is ambiguous is refused.
"""

from __future__ import annotations

import re

import httptools

_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.vV]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
Headers = list[tuple[bytes, bytes]]


class BadHost(ValueError):
    """None, two, or one that can't be a host."""


def decided_host(url: bytes, headers: Headers, version: str) -> None:
    """Leave exactly one `host` in `headers` (names in lower case); with a target in absolute form it is the target's.

    HTTP/1.0 may come without. Raises BadHost.
    """
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version != "1.0"):
        raise BadHost("exactly one Host header is required")
    if hosts and not _HOST.fullmatch(hosts[0].strip(b" \t")):
        raise BadHost("invalid Host header")
    if not url.startswith((b"/", b"*")):
        headers[:] = [header for header in headers if header[0] != b"host"]
        headers.append((b"host", _authority(url)))


def _authority(url: bytes) -> bytes:
    """Host and port of a target such as `http://logs.tamyla.com:4318/v1/logs`."""
    target = httptools.parse_url(url)
    if not target.host:
        raise BadHost("the request's target has no host")
    return bytes(target.host) if target.port is None else b"%s:%d" % (target.host, target.port)
