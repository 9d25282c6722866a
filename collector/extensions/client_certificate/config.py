"""Options of `client_certificate`."""

from __future__ import annotations

import ipaddress
from typing import Self

from pydantic import Field, field_validator, model_validator

from collector.component import Config, Use
from collector.domains.names import domain_name
from collector.transport.tls import TlsServerConfig

NAMES = ("san_uri", "san_dns", "san_email", "subject_cn")


class Rule(Config):
    """Certificates with a name of this form may send."""

    san_uri: str = ""
    """A URI among the alternative names, such as `spiffe://prod/tamyla/*`; `*` stands for anything but `/`, `**` for anything."""
    san_dns: str = ""
    """A DNS name among them, such as `*.tamyla.com`; `*` stands for anything but `.`, `**` for anything."""
    san_email: str = ""
    """An address among them; `*` stands for anything but `@`."""
    subject_cn: str = ""
    """The common name of the subject, the weakest of these: authorities check it least."""
    domain: str | None = None
    """Whose records it sends; without one the request says whose they are."""
    multi_domain: bool = False
    """It may also send for other known domains, which the request names."""

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, value: str | None) -> str | None:
        return domain_name(value) if value is not None else None

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if sum(bool(pattern) for _, pattern in self.patterns()) != 1:
            raise ValueError(f"a rule has exactly one of {', '.join(NAMES)}")
        return self

    def patterns(self) -> tuple[tuple[str, str], ...]:
        """Kind of name → pattern."""
        return (
            ("san_uri", self.san_uri), ("san_dns", self.san_dns), ("san_email", self.san_email), ("subject_cn", self.subject_cn),
        )  # fmt: skip


class ClientCertificateConfig(Config):
    """Which certificates may send, for whom. The listener's `tls.client_ca_file` says who may sign them."""

    rules: list[Rule] = Field(min_length=1)
    """The first that fits decides; those on alternative names come before those on `subject_cn`."""
    trusted_peers: list[str] = []
    """Proxies that end TLS and pass on what they saw in `X-Forwarded-Client-Cert` (Envoy's form): networks such as `10.0.0.0/24`. Of
    anybody else that header counts for nothing."""

    @field_validator("trusted_peers")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        for text in value:
            if text != "unix":
                ipaddress.ip_network(text, strict=False)
        return value

    def missing(self, tls: TlsServerConfig | None) -> str:
        """Certificates come by TLS that asks for them, or through a proxy that is trusted."""
        if self.trusted_peers or (tls is not None and tls.client_ca_file):
            return ""
        return "tls.client_ca_file says whose client certificates are good, and without it none is asked for: nobody is let in"

    def provides(self) -> frozenset[Use]:
        """It asks senders."""
        return frozenset({Use.SERVER_AUTHENTICATOR})

    def gives_domains(self) -> bool:
        """Where a rule names one."""
        return any(rule.domain is not None for rule in self.rules)
