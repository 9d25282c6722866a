"""What senders are told: how many records were taken, or an RFC 9457 problem that says what was wrong, and where."""

from __future__ import annotations

from http import HTTPStatus

import orjson

from collector.admission.admission import Notice
from collector.errors import Refusal
from collector.ingress.documents import BadRecord
from collector.ingress.http_response import Response
from collector.ingress.problem import problem
from collector.ingress.problem import refused as answered
from collector.receivers.json.taking import Taking

_JSON = b"application/json"
__all__ = ["HEALTHY", "problem", "refused", "taken"]

HEALTHY = Response(200, b"text/plain", b"ok\n")


def taken(status: int, taking: Taking, notice: Notice | None) -> Response:
    """On disk."""
    if status == HTTPStatus.NO_CONTENT:
        return Response(status, b"", b"")
    rejected = notice.rejected - taking.skipped if notice is not None else 0
    said: dict[str, object] = {"accepted": taking.records - rejected}
    if taking.skipped:
        said |= {"skipped": taking.skipped, "first": taking.first}
    elif notice is not None and notice.message:
        said["message"] = notice.message
    return Response(status, _JSON, orjson.dumps(said))


def refused(refusal: Refusal) -> Response:
    """Nothing was kept."""
    return answered(refusal, {refusal.place: refusal.number} if isinstance(refusal, BadRecord) else None)
