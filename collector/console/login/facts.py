"""A request as authenticators are asked about it. A credential never stands in a URL here: those are kept in histories and logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from collector.ingress.http_request import HttpRequest
from collector.transport.client_certificate import ClientCertificate

_KEPT = frozenset({b"host", b"user-agent", b"x-forwarded-for", b"x-forwarded-host", b"origin"})


class Facts(HttpRequest):
    """What a program sent."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        super().__init__(scope, dict(scope["headers"]))

    def parameters(self, name: str) -> Sequence[str]:  # noqa: ARG002 - whatever it is
        return ()

    def certificate(self) -> ClientCertificate | None:
        return super().certificate() if "sender" in self._scope else None


def written(scope: Mapping[str, Any], authorization: str) -> Facts:
    """What somebody wrote into a form, as if a program had sent it, and nothing that a proxy in front may have added."""
    kept = [(name, value) for name, value in scope["headers"] if name in _KEPT]
    return Facts({**scope, "headers": [*kept, (b"authorization", authorization.encode("latin-1", "replace"))]})
