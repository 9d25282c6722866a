"""`X-Forwarded-Client-Cert`: what a proxy that ended TLS says of its client, in Envoy's form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from collector.transport.client_certificate import ClientCertificate

HEADER = "x-forwarded-client-cert"
_ELEMENT = re.compile(r'((?:[^",]|"(?:[^"\\]|\\.)*")+)(?:,|$)')
_PAIR = re.compile(r'\s*(\w+)=("(?:[^"\\]|\\.)*"|[^;]*)(?:;|$)')
_CN = re.compile(r"(?:^|[,/+])\s*CN\s*=\s*((?:[^,/+\\]|\\.)*)")


def certificate(header: str) -> ClientCertificate | None:
    """That of the proxy's own client, which is the last element: those before it came from the client. None without a name."""
    elements = _ELEMENT.findall(header)
    if not elements:
        return None
    pairs = list(_pairs(elements[-1]))
    subject = next((value for key, value in pairs if key == "subject"), "")
    names = _CN.findall(subject)
    common_name = re.sub(r"\\(.)", r"\1", names[0]) if names else ""
    dns, uris = (tuple(value for key, value in pairs if key == kind) for kind in ("dns", "uri"))
    return ClientCertificate(common_name, dns, uris) if common_name or dns or uris else None


def _pairs(element: str) -> Iterator[tuple[str, str]]:
    for key, value in _PAIR.findall(element):
        text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else unquote(value)
        yield key.lower(), text
