"""Who sent a hook, by its bytes: signatures of GitHub, Jira, PagerDuty, Slack, Standard Webhooks (GitLab's signing token); or a token that
stands in a header."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence

from collector.errors import Unauthenticated

WINDOW_SECS = 300
"""What was signed longer ago, or later than in so long, is not taken: a request that somebody kept does nothing."""
_PREFIX = "whsec_"

Header = Callable[[str], str | None]


def check_github(secrets: Sequence[str], header: Header, body: bytes) -> None:
    """`X-Hub-Signature-256: sha256=<hex HMAC of the body>`, of one of the secrets. Raises `Unauthenticated`."""
    given = (header("x-hub-signature-256") or "").strip()
    wanted = [f"sha256={_hex(secret, body)}" for secret in secrets]
    _demand(given, wanted, "X-Hub-Signature-256")


def check_standard(secrets: Sequence[str], header: Header, body: bytes, now: float) -> None:
    """`webhook-signature: v1,<base64 HMAC of "id.timestamp.body">`, one of several, and a timestamp of now. Raises `Unauthenticated`."""
    id_, stamp = header("webhook-id") or "", header("webhook-timestamp") or ""
    if not stamp.isascii() or not stamp.isdigit() or abs(now - int(stamp)) > WINDOW_SECS:
        raise Unauthenticated("webhook-timestamp is not of the last 5 minutes", cause="signature")
    said = f"{id_}.{stamp}.".encode() + body
    wanted = [f"v1,{base64.b64encode(hmac.digest(_key(secret), said, hashlib.sha256)).decode()}" for secret in secrets]
    given = (header("webhook-signature") or "").split()
    if not any(_same(one, other) for one in given[:8] for other in wanted):
        raise Unauthenticated("webhook-signature is not ours", cause="signature")


def check_token(secrets: Sequence[str], header: Header) -> None:
    """`X-Gitlab-Token`, as it is. Raises `Unauthenticated`."""
    _demand(header("x-gitlab-token") or "", secrets, "X-Gitlab-Token")


def check_slack(secrets: Sequence[str], header: Header, body: bytes, now: float) -> None:
    """`X-Slack-Signature: v0=<hex HMAC of "v0:timestamp:body">` and a timestamp of now. Raises `Unauthenticated`."""
    stamp = header("x-slack-request-timestamp") or ""
    if not stamp.isascii() or not stamp.isdigit() or abs(now - int(stamp)) > WINDOW_SECS:
        raise Unauthenticated("X-Slack-Request-Timestamp is not of the last 5 minutes", cause="signature")
    said = f"v0:{stamp}:".encode() + body
    wanted = [f"v0={_hex(secret, said)}" for secret in secrets]
    _demand(header("x-slack-signature") or "", wanted, "X-Slack-Signature")


def check_pagerduty(secrets: Sequence[str], header: Header, body: bytes) -> None:
    """`X-PagerDuty-Signature: v1=<hex HMAC of the body>`, several while a secret is being changed. Raises `Unauthenticated`."""
    given = [each.strip() for each in (header("x-pagerduty-signature") or "").split(",")]
    wanted = [f"v1={_hex(secret, body)}" for secret in secrets]
    if not any([_same(one, other) for one in given[:8] for other in wanted]):  # noqa: C419 - as long for each of them
        raise Unauthenticated("X-PagerDuty-Signature is missing or wrong", cause="signature")


def check_jira(secrets: Sequence[str], header: Header, body: bytes) -> None:
    """`X-Hub-Signature: sha256=<hex HMAC of the body>`. Raises `Unauthenticated`."""
    wanted = [f"sha256={_hex(secret, body)}" for secret in secrets]
    _demand(header("x-hub-signature") or "", wanted, "X-Hub-Signature")


def check_own(secrets: Sequence[str], header: Header) -> None:
    """`X-Logboom-Token`, as it is: of systems that send headers and sign nothing. Raises `Unauthenticated`."""
    _demand(header("x-logboom-token") or "", secrets, "X-Logboom-Token")


def _hex(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _demand(given: str, wanted: Sequence[str], name: str) -> None:
    if not any([_same(given, one) for one in wanted]):  # noqa: C419 - as long for each of them
        raise Unauthenticated(f"{name} is missing or wrong", cause="signature")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        return secret.encode()
