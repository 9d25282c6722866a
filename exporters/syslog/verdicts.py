"""What happened to a request, as an outcome.

A receiver of syslog never answers, so that this is about connections: what may pass by itself is tried again, what needs
people (certificates) is `Blocked`, and a message too long for the network is cut out by halving.
"""

from __future__ import annotations

import datetime
import errno
import socket
import ssl

from cryptography import x509

from collector.outcomes import Blocked, Ok, Retry, Split, Verdict
from collector.transport.tls import TlsClientConfig, certificate_refused
from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Messages

_OURS_REFUSED = {
    "CERTIFICATE_EXPIRED": "it has expired",
    "CERTIFICATE_REQUIRED": "it wants one, set tls.cert_file and tls.key_file",
    "UNKNOWN_CA": "it does not know the authority",
    "BAD_CERTIFICATE": "it is not acceptable",
    "UNSUPPORTED_CERTIFICATE": "it is of an unsupported type",
    "CERTIFICATE_REVOKED": "it is revoked",
    "CERTIFICATE_UNKNOWN": "it is not acceptable",
    "ACCESS_DENIED": "it may not send here",
    "HANDSHAKE_FAILURE": "no common ground; it may want a certificate",
}
"""TLS alerts about us (RFC 8446, section 6.2), by the end of OpenSSL's name for them."""
_REASONS = {
    errno.ECONNREFUSED: "nobody listens there (connection refused)",
    errno.ECONNRESET: "the receiver broke the connection",
    errno.EPIPE: "the receiver broke the connection",
    errno.ENOENT: "there is no such socket",
}


class Answers:
    """`certificate_ends`: when our own certificate expires; None without one."""

    def __init__(self, config: SyslogConfig) -> None:
        self._where = config.endpoint if config.network == "unix" else f"{config.endpoint}:{config.port}"
        self._secure = config.secure
        self._in_the_clear = config.network == "tcp" and not config.secure
        self._longest = config.limit
        self.certificate_ends: datetime.datetime | None = None

    def verdict(self, answer: Messages | Exception) -> Verdict:
        """The outcome of `send`: what it gave, or what it raised."""
        if isinstance(answer, Messages):
            cut = f"messages longer than {self._longest} bytes were cut (max_message_size)"
            return Ok(warning=cut if answer.cut else "", concerned=answer.cut)
        if isinstance(answer, TimeoutError) and not answer.errno:
            hint = "; if it never does, it may not speak TLS" if self._secure else ""
            return Retry(f"{self._where} did not take the messages within the timeout{hint}")
        if isinstance(answer, ssl.SSLError):
            return self._tls(answer)
        if isinstance(answer, socket.gaierror):
            return Retry(f"{self._where}: the name cannot be resolved")
        if isinstance(answer, OSError):
            return self._network(answer)
        return Retry(type(answer).__name__)

    def _network(self, error: OSError) -> Verdict:
        if error.errno == errno.EMSGSIZE:
            return Split("a message is too long for one datagram on this network; lower max_message_size")
        met = isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError)
        if met and (expired := self._expired()):
            return Blocked(expired)
        told = str(error) if error.errno is None else error.strerror or type(error).__name__
        hint = "; if it always does, it may speak TLS" if met and self._in_the_clear else ""
        return Retry(f"{self._where}: {_REASONS.get(error.errno or 0, told)}{hint}")

    def _tls(self, error: ssl.SSLError) -> Verdict:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Blocked(certificate_refused(self._where, error))
        if expired := self._expired():
            return Blocked(expired)
        name = getattr(error, "reason", None) or type(error).__name__
        for alert, meaning in _OURS_REFUSED.items():
            if name.endswith(f"ALERT_{alert}"):
                return Blocked(f"{self._where} refused our certificate: {meaning}")
        if name in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            return Blocked(f"{self._where} does not speak TLS")
        return Retry(f"TLS with {self._where} failed: {name.replace('_', ' ').lower()}")

    def _expired(self) -> str:
        """A sentence if our own certificate has expired: receivers seldom say so, they hang up."""
        ends = self.certificate_ends
        if ends is None or ends > datetime.datetime.now(datetime.UTC):
            return ""
        return f"our certificate expired on {ends:%Y-%m-%d %H:%M} UTC, and {self._where} hangs up"


def certificate_ends(tls: TlsClientConfig) -> datetime.datetime | None:
    """When our own certificate expires; None without one. Raises OSError."""
    pair = tls.pair()
    return x509.load_pem_x509_certificate(pair[1]).not_valid_after_utc if pair is not None else None
