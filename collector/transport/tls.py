"""The `tls:` blocks of servers and clients, with the option names of otelcol's configtls.

`ssl.SSLContext` serves HTTP, `grpc` credentials serve gRPC. grpc brings its own TLS library, which speaks TLS 1.2 and
1.3 and does not let a program narrow versions, cipher suites or curves: options that it cannot honour are refused
with a sentence instead of being ignored, because an ignored security option is a hole.

Nothing here is read before a listener or a client starts, so `logboom validate` needs no key files.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, Self, TypeVar

from pydantic import Field, SecretStr, model_validator

from collector.named_file import Version, version
from collector.transport.block import Block
from collector.units import Duration

if TYPE_CHECKING:
    import grpc

T = TypeVar("T")
TlsVersion = Literal["", "1.0", "1.1", "1.2", "1.3"]
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_CURVES = {"X25519": "X25519", "P256": "prime256v1", "P384": "secp384r1", "P521": "secp521r1"}
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's X509_V_ERR codes for a chain that ends at nobody we trust."""
_CIPHERS = {  # names of Go's crypto/tls -> names of OpenSSL; TLS 1.3 suites are not configurable in either
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}


class TlsConfig(Block):
    """What both sides of a connection share."""

    ca_file: str = ""
    """PEM file of the authorities that the other side's certificate must come from; empty = the system's."""
    ca_pem: str = ""
    """The same as text."""
    cert_file: str = ""
    """PEM file of our own certificate, followed by its chain."""
    cert_pem: str = ""
    """The same as text."""
    key_file: str = ""
    """PEM file of the certificate's private key, not encrypted."""
    key_pem: SecretStr = SecretStr("")
    """The same as text; never shown."""
    include_system_ca_certs_pool: bool = False
    """Trust the system's authorities besides `ca_file`."""
    min_version: TlsVersion = "1.2"
    """The oldest version spoken. 1.0 and 1.1 are accepted and mean 1.2: both are broken."""
    max_version: TlsVersion = ""
    """The newest version spoken; empty = 1.3."""
    cipher_suites: list[str] = []
    """TLS 1.2 cipher suites by their Go names; empty = the library's. Not for gRPC."""
    include_insecure_cipher_suites: bool = False
    """Accepted; suites that are broken are never offered."""
    curve_preferences: list[Literal["X25519", "P521", "P256", "P384"]] = []
    """Key exchange curves; Python sets only one, so the first is used. Not for gRPC."""
    reload_interval: Duration = 0.0
    """How often to look whether certificate, key or authorities have changed or were replaced; new connections have the new
    ones. 0 = never."""
    tpm: dict[str, object] = Field(default_factory=dict)
    """Keys inside a TPM are not supported; must be empty or `enabled: false`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.cert_file or self.cert_pem) != bool(self.key_file or self.key_pem.get_secret_value()):
            raise ValueError("provide both certificate and key, or neither")
        for a, b in (("ca_file", "ca_pem"), ("cert_file", "cert_pem"), ("key_file", "key_pem")):
            if getattr(self, a) and (getattr(self, b) not in ("", SecretStr(""))):
                raise ValueError(f"{a} and {b} are the same thing twice: keep one of them")
        if unknown := [name for name in self.cipher_suites if name not in _CIPHERS]:
            raise ValueError(f"unknown cipher suites {', '.join(unknown)}; known are {', '.join(_CIPHERS)}")
        if self.max_version in ("1.0", "1.1"):
            raise ValueError(f"max_version {self.max_version} would allow only broken versions of TLS: use 1.2 or 1.3")
        if self.min_version == "1.3" and self.max_version == "1.2":
            raise ValueError("min_version must not be above max_version")
        if self.tpm.get("enabled"):
            raise ValueError("tpm: keys inside a TPM are not supported; use cert_file and key_file")
        return self

    def files(self) -> list[str]:
        """The files that can change under us."""
        return [name for name in (self.ca_file, self.cert_file, self.key_file) if name]

    def authorities(self) -> bytes | None:
        """PEM of the configured authorities, None for the system's."""
        return _pem(self.ca_file, self.ca_pem)

    def pair(self) -> tuple[bytes, bytes] | None:
        """(key, certificate chain) as PEM."""
        key, chain = _pem(self.key_file, self.key_pem.get_secret_value()), _pem(self.cert_file, self.cert_pem)
        return (key, chain) if key is not None and chain is not None else None


class TlsServerConfig(TlsConfig):
    """TLS of a listener. `client_ca_file` makes it mutual: a client without a certificate of ours is turned away."""

    client_ca_file: str = ""
    """PEM file of the authorities of client certificates; set = every client must present one."""
    client_ca_file_reload: bool = False
    """Read `client_ca_file` again when it changes; looked at with every gRPC handshake, for HTTP every 10 s."""

    @model_validator(mode="after")
    def _has_certificate(self) -> Self:
        if not (self.cert_file or self.cert_pem):
            raise ValueError("a server needs cert_file and key_file (or cert_pem and key_pem)")
        return self

    @property
    def reload_secs(self) -> float:
        """How often an HTTP listener reads its files again; 0 = never."""
        return self.reload_interval or (10.0 if self.client_ca_file_reload else 0.0)

    def files(self) -> list[str]:
        """The files that can change under us."""
        return [*super().files(), *([self.client_ca_file] if self.client_ca_file else [])]

    def client_authorities(self) -> bytes | None:
        """PEM of the authorities of client certificates, None = clients need none."""
        return Path(self.client_ca_file).read_bytes() if self.client_ca_file else None


class TlsClientConfig(TlsConfig):
    """TLS of an exporter. It is on unless `insecure` says otherwise (gRPC), or by the URL's scheme (HTTP)."""

    insecure: bool = False
    """Speak plain text (gRPC; for HTTP the URL decides)."""
    insecure_skip_verify: bool = False
    """Accept any certificate: whoever stands between can read and write. Not for gRPC, which cannot do it."""
    server_name_override: str = ""
    """Expect this name in the server's certificate instead of the host we connect to."""


MOVED_TO_TLS = {
    name: f"tls.{name}"
    for name in ("insecure", "insecure_skip_verify", "ca_file", "cert_file", "key_file", "server_name_override")
}
"""Options of clients that stood beside `tls` before there was such a block → their names now."""


class Renewed(Generic[T]):
    """What was made of the files of a `tls:` block: made anew when one of them has changed or another has taken its place.

    Args:
        make: raises OSError or ValueError for files that can't be used; between two steps of a rotation the old one stays.
        interval_secs: how long not to look again.
    """

    def __init__(self, tls: TlsConfig, make: Callable[[], T], interval_secs: float = 0.0) -> None:
        self._tls = tls
        self._make = make
        self._interval = interval_secs
        self._looked_at = time.monotonic()
        self._seen = self._versions()
        self.value = make()

    def current(self) -> T:
        """The same as before, or a new one."""
        now = time.monotonic()
        if now - self._looked_at >= self._interval:
            self._looked_at, seen = now, self._versions()
            if seen != self._seen:
                with contextlib.suppress(OSError, ValueError):  # ssl.SSLError is an OSError
                    self.value = self._make()
                    self._seen = seen
        return self.value

    def _versions(self) -> list[Version | None]:
        return [version(Path(name)) for name in self._tls.files()]


def server_context(tls: TlsServerConfig) -> ssl.SSLContext:
    """The context of an HTTP listener. Raises OSError or ssl.SSLError for files that can't be used."""
    context = _limited(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), tls)
    load_server_files(context, tls)
    return context


def load_server_files(context: ssl.SSLContext, tls: TlsServerConfig) -> None:
    """Put certificate, key and client authorities into `context`; called again, it changes new connections only."""
    _load_pair(context, tls)
    if (authorities := tls.client_authorities()) is not None:
        context.load_verify_locations(cadata=authorities.decode())
        context.verify_mode = ssl.CERT_REQUIRED


def client_context(tls: TlsClientConfig) -> ssl.SSLContext:
    """The context of an HTTP client. Raises OSError or ssl.SSLError for files that can't be used.

    `server_name_override` is not part of a context: pass it as the connection's `server_hostname`.
    """
    context = _limited(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), tls)
    authorities = tls.authorities()
    if authorities is not None:
        context.load_verify_locations(cadata=authorities.decode())
    if authorities is None or tls.include_system_ca_certs_pool:
        context.load_default_certs()
    if tls.pair() is not None:
        _load_pair(context, tls)
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def grpc_server_credentials(tls: TlsServerConfig) -> grpc.ServerCredentials:
    """Credentials of a gRPC listener. Files are read now, and again when they change if reloading is configured.

    Raises OSError for files that can't be read, ValueError for options that grpc can't honour.
    """
    import grpc

    _refuse_unsupported(tls)
    mutual = bool(tls.client_ca_file)

    def configuration() -> grpc.ServerCertificateConfiguration:
        pair = tls.pair()
        assert pair is not None
        return grpc.ssl_server_certificate_configuration([pair], tls.client_authorities())

    if not tls.reload_secs:
        pair = tls.pair()
        assert pair is not None
        return grpc.ssl_server_credentials([pair], tls.client_authorities(), mutual)
    held = Renewed(tls, configuration)

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        before, now = held.value, held.current()
        return None if now is before else now

    # None = unchanged (the stubs miss it)
    return grpc.dynamic_ssl_server_credentials(held.value, fetch, mutual)  # type: ignore[arg-type]


def grpc_client_credentials(tls: TlsClientConfig) -> grpc.ChannelCredentials | None:
    """Credentials of a gRPC channel; None = plain text.

    `server_name_override` goes into the channel's `grpc.ssl_target_name_override` option. Raises OSError for files
    that can't be read, ValueError for options that grpc can't honour.
    """
    import grpc

    if tls.insecure:
        return None
    _refuse_unsupported(tls)
    if tls.insecure_skip_verify:
        raise ValueError("insecure_skip_verify: grpc always verifies; name the server's authority in ca_file")
    key, chain = tls.pair() or (None, None)
    authorities = tls.authorities()
    if authorities is not None and tls.include_system_ca_certs_pool:
        authorities += system_authorities()
    return grpc.ssl_channel_credentials(authorities, key, chain)


def _pem(file: str, text: str) -> bytes | None:
    if file:
        return Path(file).read_bytes()
    return text.encode() if text else None


def certificate_refused(where: str, error: ssl.SSLCertVerificationError) -> str:
    """Why we do not take the certificate of a server, and where its authority can be named if that is the reason."""
    name_it = "; name its authority in tls.ca_file" if error.verify_code in _UNKNOWN_AUTHORITY else ""
    return f"the certificate of {where} is not accepted: {error.verify_message}{name_it}"


def _limited(context: ssl.SSLContext, tls: TlsConfig) -> ssl.SSLContext:
    context.minimum_version = _VERSIONS.get(tls.min_version, ssl.TLSVersion.TLSv1_2)
    if tls.max_version:
        context.maximum_version = _VERSIONS[tls.max_version]
    if tls.cipher_suites:
        context.set_ciphers(":".join(_CIPHERS[name] for name in tls.cipher_suites))
    if tls.curve_preferences:
        context.set_ecdh_curve(_CURVES[tls.curve_preferences[0]])
    return context


def _load_pair(context: ssl.SSLContext, tls: TlsConfig) -> None:
    """`load_cert_chain` reads files only: PEM text passes through a file in memory, never through the disk."""
    if tls.cert_file and tls.key_file:
        for path in (tls.cert_file, tls.key_file):
            with Path(path).open("rb"):
                pass  # its error names the file; that of `load_cert_chain` does not
        context.load_cert_chain(tls.cert_file, tls.key_file, password=_no_password)
        return
    pair = tls.pair()
    assert pair is not None
    descriptor = os.memfd_create("logboom-tls", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"\n".join(pair))
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_no_password)


def _no_password() -> str:
    """An encrypted key is an error; without this OpenSSL would ask on the terminal and hang the process."""
    raise ValueError("the private key is encrypted; logboom reads only keys without a password")


def _refuse_unsupported(tls: TlsConfig) -> None:
    if tls.min_version == "1.3" or tls.max_version == "1.2" or tls.cipher_suites or tls.curve_preferences:
        raise ValueError(
            "grpc speaks TLS 1.2 and 1.3 with its own cipher suites and curves: min_version 1.3, max_version 1.2, "
            "cipher_suites and curve_preferences do not work for gRPC"
        )


def librdkafka_names(tls: TlsConfig) -> dict[str, str]:
    """Cipher suites and curves, by the properties of librdkafka."""
    named = {
        "ssl.cipher.suites": ":".join(_CIPHERS[name] for name in tls.cipher_suites),
        "ssl.curves.list": ":".join(_CURVES[name] for name in tls.curve_preferences),
    }
    return {name: value for name, value in named.items() if value}


def system_authorities() -> bytes:
    """PEM of the system's authorities."""
    context = ssl.create_default_context()
    return b"".join(ssl.DER_cert_to_PEM_cert(der).encode() for der in context.get_ca_certs(binary_form=True))
