"""The one table from a refusal to its answer."""

from __future__ import annotations

import json

import pytest
from google.rpc import error_details_pb2, status_pb2

from collector import errors
from collector.errors import Exhausted, Refusal, Unavailable
from collector.ingress.refusals import Code, StatusRefusal, answer
from otlp_wire.status import retry_info, status, status_json

HTTP = {1: 503, 2: 500, 3: 400, 4: 503, 5: 500, 6: 500, 7: 403, 8: 429, 9: 500, 10: 503, 11: 503, 12: 404, 13: 500, 14: 503, 15: 503, 16: 401}  # fmt: skip


@pytest.mark.parametrize("code", Code)
def test_http_status_of_each_code(code):
    """otelcol's table, complete."""
    assert answer(StatusRefusal(code, "m")).http_status == HTTP[code]


def test_every_refusal_has_an_answer():
    """No refusal falls through: each class of errors.py has a code of its own in the table."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)]
    answers = {kind.__name__: answer(kind("reason")).code for kind in kinds if kind is not Refusal}
    assert answers == {
        "Unavailable": Code.UNAVAILABLE,
        "Exhausted": Code.RESOURCE_EXHAUSTED,
        "InvalidPayload": Code.INVALID_ARGUMENT,
        "TooLarge": Code.RESOURCE_EXHAUSTED,
        "Unauthenticated": Code.UNAUTHENTICATED,
        "PermissionDenied": Code.PERMISSION_DENIED,
        "TooManyCombinations": Code.INTERNAL,
    }


def test_subclasses_and_strangers():
    """A subclass is answered like its parent; an unknown refusal never makes a sender drop its data."""
    full = type("JournalFull", (Unavailable,), {})
    assert answer(full("x")).code is Code.UNAVAILABLE
    assert answer(Refusal("x")).code is Code.UNAVAILABLE


@pytest.mark.parametrize("refusal", [Unavailable("x", 2.0), Exhausted("x", 2.0)])
def test_hints_vary(refusal):
    """± 50 % around what was asked for, and not always the same."""
    hints = [answer(refusal).retry_after_secs for _ in range(200)]
    assert all(1.0 <= hint <= 3.0 for hint in hints)
    assert len(set(hints)) > 100


@pytest.mark.parametrize(
    ("code", "hint", "header"),
    [
        (Code.UNAVAILABLE, 0.0, "0"),
        (Code.UNAVAILABLE, 0.2, "1"),
        (Code.RESOURCE_EXHAUSTED, 13, "13"),
        (Code.UNAVAILABLE, 1.01, "2"),
        (Code.UNAVAILABLE, None, None),
        (Code.UNKNOWN, 12, None),
        (Code.INVALID_ARGUMENT, 12, None),
    ],
)
def test_retry_after(code, hint, header):
    """Whole seconds, never less than asked for, only on 429 and 503."""
    assert answer(StatusRefusal(code, "m", hint)).retry_after_header == header


@pytest.mark.parametrize(
    ("delay", "seconds", "nanos", "text"),
    [(0.0, 0, 0, "0s"), (1.0, 1, 0, "1s"), (0.5, 0, 500_000_000, "0.500s"), (1.2345, 1, 234_000_000, "1.234s"),
     (0.9999, 1, 0, "1s"), (13.07, 13, 70_000_000, "13.070s"), (-1.0, 0, 0, "0s")],
)  # fmt: skip
def test_delay_on_the_wire(delay, seconds, nanos, text):
    """A duration is whole seconds and nanoseconds in protobuf, text with at most milliseconds in JSON."""
    info = error_details_pb2.RetryInfo.FromString(retry_info(delay))
    assert (info.retry_delay.seconds, info.retry_delay.nanos) == (seconds, nanos)
    inside = error_details_pb2.RetryInfo()
    assert status_pb2.Status.FromString(status(14, "m", delay)).details[0].Unpack(inside)
    assert inside == info
    assert json.loads(status_json(14, "m", delay))["details"][0]["retryDelay"] == text


def test_status_without_a_hint():
    """No details at all."""
    assert status(3, "bad") == status_pb2.Status(code=3, message="bad").SerializeToString()
    assert json.loads(status_json(3, 'bad "quoted" ü')) == {"code": 3, "message": 'bad "quoted" ü'}
