"""What a mail server's answers mean. Its texts are not repeated: they may hold addresses and what was sent."""

from __future__ import annotations

import ssl

import aiosmtplib

from collector.outcomes import Blocked, Reject, Retry, Verdict
from exporters.email.client import Unencrypted

_CREDENTIAL = frozenset({530, 534, 535, 538})


def unsent(error: Exception) -> Verdict:
    """Of a mail that did not come to its recipients."""
    if isinstance(error, Unencrypted):
        return Blocked("the server has no STARTTLS: require_tls says that nothing goes in the clear")
    if (cause := _certificate(error)) is not None:
        return Blocked(f"the server's certificate is not accepted: {cause.verify_message}")
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) or _code(error) in _CREDENTIAL:
        return Blocked(f"the server refuses username or password ({_code(error) or 'no word'})")
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return Blocked("the server has no way of logging in that we know")
    if isinstance(error, aiosmtplib.SMTPDataError) and 500 <= error.code < 600:
        return Reject(f"the server refuses the mail ({error.code})")
    code = _code(error)
    if isinstance(error, aiosmtplib.SMTPResponseException) and 500 <= code < 600:
        return Blocked(f"the server refuses us ({code})")
    busy = code == 421 or isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError)
    return Retry(f"the server says {code}" if code else _why(error), throttled=busy)


def _code(error: Exception) -> int:
    return int(getattr(error, "code", 0) or 0)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError):
        return "no answer within the timeout"
    if isinstance(error, aiosmtplib.SMTPConnectError | OSError):
        return "cannot connect to the server"
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return "the connection broke"
    return type(error).__name__


def _certificate(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    seen = 0
    while error is not None and seen < 5:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None
