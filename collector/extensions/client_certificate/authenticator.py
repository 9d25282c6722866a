"""`client_certificate`: TLS has checked who signed the certificate; its names say whose records come."""

from __future__ import annotations

import re
from collections.abc import Iterator

from collector.component import Context
from collector.domains.credential import Credential
from collector.domains.resolver import RequestFacts
from collector.domains.trusted import TrustedPeers
from collector.errors import PermissionDenied, Unauthenticated
from collector.extensions.client_certificate.config import ClientCertificateConfig, Rule
from collector.extensions.client_certificate.forwarded import HEADER, certificate
from collector.transport.client_certificate import ClientCertificate

_REMEMBERED = 1024
_WITHIN = {"san_uri": "[^/]*", "san_dns": "[^.]*", "san_email": "[^@]*", "subject_cn": ".*"}


class ClientCertificates:
    """Safe from any thread."""

    def __init__(self, config: ClientCertificateConfig, context: Context) -> None:
        self._id = context.id
        self._rules = sorted(map(_compiled, config.rules), key=lambda rule: rule[0] == "subject_cn")
        self._trusted = TrustedPeers(config.trusted_peers)
        self._known: dict[ClientCertificate, Credential | None] = {}

    def start(self) -> None:
        """Nothing stands on disk."""

    def reload(self) -> None:
        """Authorities are the listener's."""

    def shutdown(self) -> None:
        """Nothing is held."""

    def authenticate(self, request: RequestFacts) -> Credential:
        """Whom the certificate's names belong to."""
        shown = self._shown(request)
        if shown is None:
            raise Unauthenticated("a client certificate is needed", (), cause="missing")
        if shown not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)), None)
            self._known[shown] = self._matched(shown)
        found = self._known[shown]
        if found is None:
            raise PermissionDenied("the client certificate may not send here", cause="certificate")
        return found

    def recall(self, request: RequestFacts) -> Credential | None:
        """TLS has done the work."""
        return self.authenticate(request) if self._shown(request) is not None else None

    def _shown(self, request: RequestFacts) -> ClientCertificate | None:
        forwarded = request.header(HEADER)
        if forwarded and request.peer() in self._trusted:
            return certificate(forwarded)
        return request.certificate()

    def _matched(self, shown: ClientCertificate) -> Credential | None:
        for kind, pattern, rule in self._rules:
            for name in _names(shown, kind):
                if pattern.fullmatch(name):
                    return Credential(
                        rule.domain, rule.multi_domain, name, attributes={"subject": shown.common_name, kind: name}
                    )
        return None


def _names(shown: ClientCertificate, kind: str) -> Iterator[str]:
    match kind:
        case "san_uri":
            yield from shown.uris
        case "san_dns":
            yield from shown.dns
        case "san_email":
            yield from shown.emails
        case _:
            yield from filter(None, [shown.common_name])


def _compiled(rule: Rule) -> tuple[str, re.Pattern[str], Rule]:
    kind, pattern = next((kind, pattern) for kind, pattern in rule.patterns() if pattern)
    parts = re.split(r"(\*\*|\*)", pattern)
    wild = {"*": _WITHIN[kind], "**": ".*"}
    flags = re.NOFLAG if kind in ("san_uri", "subject_cn") else re.IGNORECASE
    return kind, re.compile("".join(wild.get(part) or re.escape(part) for part in parts), flags), rule
