"""Which answers of remote systems ask for fewer requests at once, or for smaller ones."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from collector.outcomes import Retry, Split
from collector.transport import cloudflare, http_answers
from collector.transport.http_client import HttpAnswer
from exporters.d1.verdicts import verdict_of
from exporters.elasticsearch import answers

THROTTLED, LATER = Retry("", throttled=True), Retry("")


def meant(verdict):
    """A verdict without its words."""
    if isinstance(verdict, Retry):
        return Retry("", throttled=verdict.throttled)
    assert isinstance(verdict, Split)
    return Split("", verdict.too_large)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (429, THROTTLED),
        (503, THROTTLED),
        (500, LATER),
        (502, LATER),
        (504, LATER),
        (408, LATER),
        (413, Split("", too_large=True)),
        (400, Split("")),
        (422, Split("")),
    ],
)
def test_http(status, meaning):
    """The same for every destination: 429 and 503 are too much at once, 413 too much in one; others say nothing of it."""
    answer = HttpAnswer(status, {}, b"")
    assert meant(http_answers.verdict(answer)) == meaning
    assert meant(cloudflare.verdict(cloudflare.read(answer))) == meaning
    assert [meant(verdict) for verdict in answers.verdicts(answer, np.arange(3, dtype=np.uint32))] == [meaning]


@pytest.mark.parametrize(
    ("statuses", "throttled"),
    [((201, 429, 201), True), ((503, 201, 500), True), ((201, 500, 201), False), ((403, 201, 201), False)],
)
def test_items_of_a_bulk_request(statuses, throttled):
    """One document that was refused for now is enough."""
    items = [
        {"create": {"status": status, **({"error": {"type": "t", "reason": "r"}} if status > 299 else {})}}
        for status in statuses
    ]
    body = orjson.dumps({"errors": True, "items": items})
    found = answers.verdicts(HttpAnswer(200, {}, body), np.arange(3, dtype=np.uint32))
    assert [verdict.throttled for verdict in found if isinstance(verdict, Retry)] == [throttled]


@pytest.mark.parametrize(
    ("message", "throttled"),
    [("D1 DB is overloaded. Requests queued for too long.", True), ("Network connection lost.", False)],
)
def test_d1(message, throttled):
    """By the message, whatever the status."""
    answer = cloudflare.read(
        HttpAnswer(400, {}, orjson.dumps({"success": False, "errors": [{"code": 7500, "message": message}]}))
    )
    assert meant(verdict_of(answer, 5)) == Retry("", throttled=throttled)
