"""What answers of the bulk API mean, document by document."""

from __future__ import annotations

import json

import numpy as np
import pytest

from collector.delivery.reading import read
from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.transport.http_client import HttpAnswer
from exporters.elasticsearch.answers import verdicts
from exporters.elasticsearch.otelcol_blocks import OtelcolRetry

ITEMS = np.array([0, 1, 2, 5], dtype=np.uint32)


def answer(*statuses, error=None, status=200, headers=None, **item):
    def told(code):
        return {"status": code, **({"error": error or {"type": "t", "reason": "r"}} if code >= 300 else {}), **item}

    items = [{"create": told(code)} for code in statuses]
    body = json.dumps({"errors": any(code >= 300 for code in statuses), "items": items}, separators=(",", ":"))
    return HttpAnswer(status, headers or {}, body.encode())


def reading(*statuses, **more):
    return read(verdicts(answer(*statuses, **more), ITEMS), 6)


@pytest.mark.parametrize("before", ["", '"took":3,', ' "took" : 3, "ingest_took":1,\n'])
def test_all_delivered_is_told_without_looking_at_items(before):
    """The cheap path: `errors` is false; a proxy may have dropped our wish to hear of nothing else."""
    body = f'{{{before}"errors":false,"items":[{{"create":'
    assert verdicts(HttpAnswer(200, {}, body.encode()), ITEMS) == [Ok()]


def test_an_answer_in_which_a_sender_says_that_all_is_well_is_read():
    """Text of a document, quoted in an error, decides nothing."""
    body = b'{"took":1,"errors":true,"items":[],"x":"{\\"errors\\":false"}'
    assert [type(found) for found in verdicts(HttpAnswer(200, {}, body), ITEMS)] == [Retry]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *[(code, "ok") for code in (200, 201, 409)],
        *[(code, "retry") for code in (408, 425, 429, 500, 502, 503, 504, 401, 403, 404)],
        *[(code, "reject") for code in (400, 405, 413, 422)],
    ],
)
def test_every_status_of_a_document(status, outcome):
    """One document differs; the others are delivered, and the positions are those of the batch."""
    found = reading(201, 400, status, 429)
    assert list(found.retry) == ([2, 5] if outcome == "retry" else [5])
    rejected = sorted(int(item) for items, _ in found.rejected for item in items)
    assert rejected == ([1, 2] if outcome == "reject" else [1])
    assert list(found.delivered) == ([0, 2, 3, 4] if outcome == "ok" else [0, 3, 4])


@pytest.mark.parametrize("status", [401, 403, 404])
def test_blocked_when_no_document_gets_through(status):
    """A read-only index, or no template, for all of them: people must act."""
    [verdict] = verdicts(answer(status, status, status, status), ITEMS)
    assert verdict == Blocked(f"{status} t: r")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, Retry),
        (500, Retry),
        (503, Retry),
        (413, Split),
        (400, Split),
        (401, Blocked),
        (403, Blocked),
        (404, Blocked),
    ],
)
def test_every_status_of_the_request(status, kind):
    """As for every HTTP destination, with the error's words."""
    body = b'{"error":{"type":"some_exception","reason":"why"},"status":1}'
    [verdict] = verdicts(HttpAnswer(status, {"Retry-After": "7"}, body), ITEMS)
    assert isinstance(verdict, kind)
    assert verdict.reason.endswith("some_exception: why")
    if status in (429, 503):
        assert verdict.after_secs == 7


@pytest.mark.parametrize("body", [b"", b"[]", b'{"errors":true}', b'{"errors":true,"items":[{}]}',
                                  b'{"errors":true,"items":[{"create":{"status":201}}]}'])  # fmt: skip
def test_an_answer_that_cannot_be_read_is_asked_for_again(body):
    """Cut, empty, or about fewer documents: nothing is believed of it."""
    [verdict] = verdicts(HttpAnswer(200, {}, body), ITEMS)
    assert isinstance(verdict, Retry)
    assert verdict.items is None


def test_reasons_are_few_and_without_the_values_of_documents():
    """What is particular to a document is left out, so that equal reasons are one."""
    items = [
        {"create": {"status": 400, "error": {
            "type": "document_parsing_exception",
            "reason": f"failed to parse field [n] of type [long] in document with id '{n}'. "
            f"Preview of field's value: 'secret{n}'",
            "caused_by": {"reason": "not a number"}}}}
        for n in range(4)
    ]  # fmt: skip
    body = json.dumps({"errors": True, "items": items}).encode()
    [ok, reject] = verdicts(HttpAnswer(200, {}, body), ITEMS)
    assert ok == Ok()
    assert list(reject.items) == [0, 1, 2, 5]
    assert reject.reason == ("400 document_parsing_exception: failed to parse field [n] of type [long]: not a number")


def test_many_different_reasons_are_told_by_type():
    """At most 17 verdicts, whatever the server says."""
    items = np.arange(100, dtype=np.uint32)
    listed = [{"create": {"status": 400, "error": {"type": "t", "reason": str(n)}}} for n in range(100)]
    found = verdicts(HttpAnswer(200, {}, json.dumps({"errors": True, "items": listed}).encode()), items)
    assert len(found) == 1 + 16 + 1
    assert sum(len(verdict.items) for verdict in found[1:]) == 100


def test_the_failure_store_is_told():
    """A success that put documents elsewhere is one with a warning."""
    [ok] = verdicts(answer(201, 201, 201, 201, failure_store="used"), ITEMS)
    assert (ok.rejected, ok.warning) == (4, "4 documents went to the failure store")


BUSY = HttpAnswer(503, {}, b"")
LIMITS = {
    "nothing set: no limit": ({}, None, Retry),
    "three attempts by default": ({"max_retries": 0}, 2, Retry),
    "as often as is said": ({"max_retries": 5}, 5, Retry),
    "by its older name": ({"max_requests": 4}, 3, Retry),
    "not at all": ({"enabled": False}, 0, Retry),
    "a status that is listed": ({"retry_on_status": [429, 503]}, None, Retry),
    "a status that is not": ({"retry_on_status": [429]}, None, Reject),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_of_the_collectors_options(name):
    """`retry` limits what is repeated only where its options are written."""
    options, at_most, kind = LIMITS[name]
    limits = OtelcolRetry.model_validate(options)
    [verdict] = verdicts(BUSY, ITEMS, limits)
    assert isinstance(verdict, kind)
    assert limits.at_most == at_most
    if isinstance(verdict, Retry):
        assert verdict.at_most == at_most
    else:
        assert verdict.reason == "503 Service Unavailable (not in retry.retry_on_status)"
        assert verdict.items is None


def test_limits_on_documents():
    """With a list, documents of other statuses are dead letters; delivered ones are never sent again."""
    limits = OtelcolRetry.model_validate({"retry_on_document_status": [201, 409, 503], "max_retries": 1})
    _, again, *rejected = verdicts(answer(201, 409, 503, 429), ITEMS, limits)
    assert (list(again.items), again.at_most) == ([2], 1)
    assert [list(verdict.items) for verdict in rejected] == [[5]]


def test_a_closed_destination_is_waited_for_whatever_the_limits_are():
    """A revoked key is no failure of the documents."""
    limits = OtelcolRetry.model_validate(
        {"max_retries": 1, "retry_on_status": [429], "retry_on_document_status": [429]}
    )
    [verdict] = verdicts(HttpAnswer(401, {}, b""), ITEMS, limits)
    assert isinstance(verdict, Blocked)
