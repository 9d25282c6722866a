"""The certificate that a client showed: who it says it is, once TLS has checked who signed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The subject's common name, and the alternative names by kind, in the certificate's order."""

    common_name: str = ""
    dns: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()

    @classmethod
    def of_peer(cls, found: Mapping[str, Any]) -> Self:
        """From what `ssl.SSLSocket.getpeercert` gives."""
        names = [value for part in found.get("subject", ()) for key, value in part if key == "commonName"]
        others: dict[str, list[str]] = {}
        for kind, value in found.get("subjectAltName", ()):
            others.setdefault(kind, []).append(value)
        return cls("".join(names[:1]), *(tuple(others.get(kind, ())) for kind in ("DNS", "URI", "email")))

    @classmethod
    def of_call(cls, found: Mapping[bytes, Iterable[bytes]]) -> Self:
        """From the auth context of a gRPC call (grpc_security_constants.h)."""
        names, *others = (
            tuple(value.decode("utf-8", "replace") for value in found.get(key, ()))
            for key in (b"x509_common_name", b"peer_dns", b"peer_uri", b"peer_email")
        )
        return cls("".join(names[:1]), *others)
