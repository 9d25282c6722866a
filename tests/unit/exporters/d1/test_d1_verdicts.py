"""What D1's answers mean: by status and message, never by its code alone; one database's trouble is its own."""

from __future__ import annotations

import numpy as np
import pytest

from collector.errors import StorageError
from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.transport.cloudflare import Answer, CloudflareError
from exporters.d1.requests import Part
from exporters.d1.verdicts import Homeless, verdict_of, verdicts_of

SAID = [
    (400, "UNIQUE constraint failed: logs.x: SQLITE_CONSTRAINT", Split),
    (400, "string or blob too big: SQLITE_TOOBIG", Split),
    (400, "statement too long: SQLITE_TOOBIG", Split),
    (400, "malformed JSON: SQLITE_ERROR", Split),
    (400, "something nobody heard of", Split),
    (413, "payload too large", Split),
    (400, "no such table: logs: SQLITE_ERROR", Blocked),
    (400, "table logs has no column named x", Blocked),
    (400, "Exceeded maximum DB size", Blocked),
    (200, "database or disk is full: SQLITE_FULL", Blocked),
    (401, "no such token", Blocked),
    (403, "Authentication error", Blocked),
    (404, "The database could not be found", Blocked),
    (429, "no such table", Retry),
    (400, "Network connection lost.", Retry),
    (400, "D1 DB storage caused object to be reset.", Retry),
    (400, "D1 DB is overloaded. Requests queued for too long.", Retry),
    (500, "internal error; reference = abc", Retry),
    (500, "no such table: logs", Retry),
    (503, "", Retry),
    (200, "unknown", Retry),
]


@pytest.mark.parametrize(("status", "said", "meaning"), SAID)
def test_status_and_message_decide(status, said, meaning):
    """With the same code 7500 on all of them."""
    answer = Answer(status, succeeded=False, message=said, code=7500)
    assert type(verdict_of(answer, 10)) is meaning
    assert type(verdict_of(CloudflareError(answer), 10)) is meaning


@pytest.mark.parametrize("said", ["D1 DB exceeded its CPU time limit and was reset.", "D1 DB exceeded timeout"])
def test_too_much_at_once_is_halved_and_a_single_record_retried(said):
    """A lone record is not to blame for a slow moment, and never dead-lettered for it."""
    answer = Answer(400, succeeded=False, message=said)
    assert isinstance(verdict_of(answer, 2), Split)
    assert isinstance(verdict_of(answer, 1), Retry)


def test_what_is_no_answer():
    """Refused databases block, broken connections are retried."""
    assert verdict_of(StorageError("foreign"), 1) == Blocked("foreign")
    assert verdict_of(ConnectionResetError(), 1) == Retry("ConnectionResetError")
    assert verdict_of(TimeoutError(), 1) == Retry("no answer within the timeout", throttled=True)


def part(place, *items):
    return Part(place, len(items), b"", np.array(items, dtype=np.uint32))


FINE = Answer(200, succeeded=True, result=[])
GONE = Answer(404, succeeded=False, message="gone")
BUSY = Answer(429, succeeded=False, after_secs=3.0)
POISON = Answer(400, succeeded=False, message="poison")


def shown(verdicts):
    return [
        (
            type(one),
            getattr(one, "items", None) if not hasattr(getattr(one, "items", None), "tolist") else one.items.tolist(),
        )
        for one in verdicts
    ]


@pytest.mark.parametrize(
    ("answers", "meaning"),
    [
        ([FINE, FINE], [(Ok, None)]),
        ([FINE, GONE], [(Retry, [1, 3])]),
        ([GONE, GONE], [(Blocked, None)]),
        ([BUSY, FINE], [(Retry, [0, 2])]),
        ([BUSY, Homeless("x")], [(Retry, [0, 2]), (Reject, [1, 3])]),
        ([POISON, FINE], [(Split, None)]),
    ],
)
def test_one_databases_trouble_is_its_own(answers, meaning):
    """The records of the others are delivered; all blocked is blocked; a split is the whole request's."""
    parts = [part("a", 0, 2), part("b", 1, 3)]
    assert shown(verdicts_of(list(zip(parts, answers, strict=True)))) == meaning
