"""Cross-origin requests."""

from __future__ import annotations

import pytest

from collector.transport.http_server_config import Cors
from collector.transport.serving.cors import AccessControl

ORIGIN = b"access-control-allow-origin"


def asked(origin: str, method: str = "POST", headers: str = "") -> dict[bytes, bytes]:
    question = {b"origin": origin.encode(), b"access-control-request-method": method.encode()}
    return question | ({b"access-control-request-headers": headers.encode()} if headers else {})


PREFLIGHTS = {
    "exact": (["https://a.com"], [], asked("https://a.com"), b"https://a.com"),
    "case": (["https://A.com"], [], asked("https://a.COM"), b"https://a.COM"),
    "other": (["https://a.com"], [], asked("https://b.com"), None),
    "no prefix match": (["https://a.com"], [], asked("https://a.com.evil"), None),
    "dot is a dot": (["https://a.com"], [], asked("https://axcom"), None),
    "wildcard": (["https://*.a.com"], [], asked("https://x.y.a.com"), b"https://x.y.a.com"),
    "wildcard needs the rest": (["https://*.a.com"], [], asked("https://a.com"), None),
    "any": (["*"], [], asked("null"), b"*"),
    "any header": (["*"], ["*"], asked("x", headers="x-anything"), b"*"),
    "usual headers": (["*"], [], asked("x", headers="content-type, X-Requested-With"), b"*"),
    "another header": (["*"], ["X-Tenant"], asked("x", headers="content-type,x-other"), None),
    "named header": (["*"], ["X-Tenant"], asked("x", headers="x-tenant"), b"*"),
    "another method": (["*"], [], asked("x", method="DELETE"), None),
}


@pytest.mark.parametrize("name", PREFLIGHTS)
def test_preflight(name):
    """All of origin, method and headers must be allowed, or the answer carries no permission."""
    origins, headers, question, allowed = PREFLIGHTS[name]
    control = AccessControl(Cors(allowed_origins=origins, allowed_headers=headers, max_age=60))
    assert control.is_preflight("OPTIONS", question)
    answer = dict(control.preflight(question))
    assert answer.get(ORIGIN) == allowed
    assert (b"access-control-allow-methods" in answer, b"access-control-max-age" in answer) == (bool(allowed),) * 2
    assert b"vary" in answer


def test_what_is_no_preflight():
    """OPTIONS without a question is an ordinary request."""
    control = AccessControl(Cors(allowed_origins=["*"]))
    assert not control.is_preflight("OPTIONS", {b"origin": b"x"})
    assert not control.is_preflight("POST", asked("x"))
    assert control.actual({}) == []
