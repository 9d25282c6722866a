"""What each failure leads to, and that no reason shows what must not be shown."""

from __future__ import annotations

import datetime
import errno
import os
import socket
import ssl

import numpy as np
import pytest

from collector.outcomes import Blocked, Ok, Retry, Split
from collector.transport.stream_client import ClosedByPeer
from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Messages
from exporters.syslog.verdicts import Answers


def tls_alert(name: str) -> ssl.SSLError:
    """As OpenSSL raises it."""
    error = ssl.SSLError(1, f"[SSL: {name}] {name.lower()}")
    error.reason = name
    return error


def unverified(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message, error.verify_code = message, 10
    return error


def failed(number: int) -> OSError:
    return OSError(number, os.strerror(number))


FAILURES = {
    "refused": (failed(errno.ECONNREFUSED), Retry, "nobody listens"),
    "reset": (failed(errno.ECONNRESET), Retry, "broke the connection"),
    "broken pipe": (failed(errno.EPIPE), Retry, "broke the connection"),
    "unreachable": (failed(errno.EHOSTUNREACH), Retry, "No route to host"),
    "no answer of the network": (failed(errno.ETIMEDOUT), Retry, "Connection timed out"),
    "no such socket": (failed(errno.ENOENT), Retry, "no such socket"),
    "closed": (ClosedByPeer("the receiver closed the connection"), Retry, "closed the connection"),
    "stalled": (TimeoutError(), Retry, "within the timeout"),
    "unknown name": (socket.gaierror(-2, "Name or service not known"), Retry, "cannot be resolved"),
    "too long": (failed(errno.EMSGSIZE), Split, "max_message_size"),
    "their certificate": (unverified("certificate has expired"), Blocked, "siem:514 is not accepted: certificate has expired"),
    "ours expired": (tls_alert("SSLV3_ALERT_CERTIFICATE_EXPIRED"), Blocked, "refused our certificate: it has expired"),
    "ours missing": (tls_alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), Blocked, "tls.cert_file"),
    "ours unknown": (tls_alert("TLSV1_ALERT_UNKNOWN_CA"), Blocked, "does not know the authority"),
    "no common ground": (tls_alert("SSLV3_ALERT_HANDSHAKE_FAILURE"), Blocked, "no common ground"),
    "no TLS there": (tls_alert("WRONG_VERSION_NUMBER"), Blocked, "does not speak TLS"),
    "another TLS error": (tls_alert("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"), Retry, "decryption failed"),
    "TLS that ends early": (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), Retry, "TLS with siem:514 failed"),
    "anything else": (RuntimeError("secret"), Retry, "RuntimeError"),
}  # fmt: skip


@pytest.mark.parametrize(("error", "verdict", "words"), FAILURES.values(), ids=FAILURES)
def test_failures(error, verdict, words):
    """The table of the README."""
    found = Answers(SyslogConfig(endpoint="siem")).verdict(error)
    assert isinstance(found, verdict)
    assert words in found.reason
    assert "secret" not in found.reason


@pytest.mark.parametrize("error", [failed(errno.ECONNRESET), ClosedByPeer("x"), tls_alert("INTERNAL_ERROR")])
def test_expired_certificate_of_ours(error):
    """Then any hang-up is put down to it, as receivers seldom say so; a refused connection never got that far."""
    answers = Answers(SyslogConfig(endpoint="siem"))
    answers.certificate_ends = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
    assert answers.verdict(error) == Blocked("our certificate expired on 2026-01-02 03:04 UTC, and siem:514 hangs up")
    assert isinstance(answers.verdict(failed(errno.ECONNREFUSED)), Retry)
    answers.certificate_ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    assert not isinstance(answers.verdict(failed(errno.ECONNRESET)), Blocked)


def test_what_a_hang_up_may_be():
    """The other side of a difference about TLS, where there can be one."""
    clear = Answers(SyslogConfig.model_validate({"endpoint": "siem", "tls": {"insecure": True}}))
    assert clear.verdict(failed(errno.ECONNRESET)).reason.endswith(
        "broke the connection; if it always does, it may speak TLS"
    )
    assert "TLS" not in clear.verdict(TimeoutError()).reason
    assert "TLS" not in clear.verdict(failed(errno.ECONNREFUSED)).reason
    secure = Answers(SyslogConfig(endpoint="siem"))
    assert secure.verdict(TimeoutError()).reason.endswith("; if it never does, it may not speak TLS")
    assert "TLS" not in secure.verdict(failed(errno.ECONNRESET)).reason


def test_delivered():
    """With a word about messages that were cut, the same each time, so that it is told once a minute with their number."""
    answers = Answers(SyslogConfig(endpoint="siem", max_message_size=4096))
    assert answers.verdict(Messages(b"", np.zeros(0, dtype=np.int64), 0)) == Ok()
    for cut in (1, 20):
        told = answers.verdict(Messages(b"", np.zeros(0, dtype=np.int64), cut))
        assert told == Ok(warning="messages longer than 4096 bytes were cut (max_message_size)", concerned=cut)
