"""Bad days between delivery and Splunk: over ten thousand records, each of them indexed, and none twice without need.

Splunk has no key to write by, so an answer that gets lost brings records twice; both carry one record id. Where no answer
was lost the counts are exact.
"""

from __future__ import annotations

import datetime
import random
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from counterparts.bad_days import QUICK, RECORDS, SMALL, Load
from counterparts.certificates import Authority, Pair
from counterparts.on_thread import on_thread
from counterparts.splunk import (
    TOKEN,
    Fault,
    Splunk,
    cut_answer,
    cut_request,
    lost_answer,
    passes,
    restarts,
    says,
    stalls,
)
from exporters.splunk_hec import FACTORY

ACKNOWLEDGED = {"acknowledgement": {"enabled": True, "interval": "20ms", "timeout": "60s"}}
_SLOW_SECS = 2.0


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    with Load(tmp_path, FACTORY) as one:
        yield one


def options(splunk: Splunk, **more: Any) -> dict[str, Any]:
    acknowledged = ACKNOWLEDGED if splunk.tokens[TOKEN].acknowledges else {}
    return {"endpoint": splunk.url, "token": TOKEN, **QUICK, **acknowledged, **more}


def times_indexed(load: Load, splunk: Splunk) -> Counter[int]:
    """How often → how many records; every one is there, under its own id, with its own body."""
    splunk.write()
    found = Counter((event["fields"]["logboom.record.id"], event["event"]) for event in splunk.indexed)
    assert sorted(id_ for id_, _ in found) == sorted(load.ids)
    assert sorted(body for _, body in found) == sorted(load.bodies)
    return Counter(found.values())


CLEAR: dict[str, list[Fault]] = {
    "a storm of 503": [says(9, {"Retry-After": "0"})] * 20 + [says(18, {"Retry-After": "1"})],
    "the token is refused for a while": [says(4)] * 4 + [says(1)] * 4,
    "errors of the server": [says(8), says(19), says(20), passes] * 5,
    "connections are cut before anything is taken": [cut_request, passes] * 10,
}
"""Days on which every call is answered, or had no effect."""
UNCLEAR: dict[str, list[Fault]] = {
    "every second answer is lost": [lost_answer, passes] * 10,
    "answers end after some bytes": [cut_answer(0), cut_answer(30), cut_answer(85), passes] * 4,
    "answers slower than the timeout": [passes, stalls(_SLOW_SECS)] * 2,
}
"""Days on which Splunk has records and nobody hears of it."""


@pytest.mark.parametrize("acknowledges", [False, True], ids=["received", "acknowledged"])
@pytest.mark.parametrize("day", CLEAR)
def test_a_clear_day(load, day, acknowledges):
    """Nothing missing, nothing dead-lettered; nothing twice but what waited on a channel that a cut call put in doubt."""
    with on_thread(Splunk(acknowledges=acknowledges)) as splunk:
        splunk.faults.extend(CLEAR[day])
        load.deliver(options(splunk))
        assert not splunk.faults
        twice = times_indexed(load, splunk)
        if not (acknowledges and "cut" in day):
            assert twice == {1: RECORDS}


@pytest.mark.parametrize("acknowledges", [False, True], ids=["received", "acknowledged"])
@pytest.mark.parametrize("day", UNCLEAR)
def test_an_unclear_day(load, day, acknowledges):
    """Nothing missing, nothing dead-lettered; records of calls without an answer come twice, under one id."""
    with on_thread(Splunk(acknowledges=acknowledges)) as splunk:
        splunk.faults.extend(UNCLEAR[day])
        load.deliver(options(splunk))
        assert not splunk.faults
        twice = times_indexed(load, splunk)
        assert twice[1] < RECORDS
        lost = sum(fault is not passes for fault in UNCLEAR[day])
        assert acknowledges or sum((often - 1) * records for often, records in twice.items()) <= lost * 600


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_of_it_at_once_acknowledged(load, seed):
    """A random mixture, with restarts in silence that lose what is not written: acknowledged is indexed."""
    mixture = [restarts, lost_answer, cut_request, says(9), says(4), passes, passes, passes] * 5
    random.Random(seed).shuffle(mixture)
    with on_thread(Splunk(acknowledges=True)) as splunk:
        splunk.acks_after = 2
        splunk.faults.extend(mixture)
        load.deliver(options(splunk))
        times_indexed(load, splunk)


def test_acknowledged_in_its_own_time(load):
    """A slow indexer, and a good day: each record once."""
    with on_thread(Splunk(acknowledges=True)) as splunk:
        splunk.acks_after = 10
        load.deliver(options(splunk))
        assert times_indexed(load, splunk) == {1: RECORDS}


def test_never_acknowledged_for_a_while(load):
    """What is not acknowledged in time goes again, and is indexed when the indexer is well."""
    with on_thread(Splunk(acknowledges=True)) as splunk:
        splunk.acks_after = None
        load.start(options(splunk, acknowledgement={"enabled": True, "interval": "20ms", "timeout": "300ms"}))
        while sum(map(len, splunk.asked)) < 100:
            time.sleep(0.005)
        assert splunk.indexed == []
        assert load.queued == RECORDS
        splunk.acks_after = 1
        load.finish()
        times_indexed(load, splunk)


def test_splunk_restarts_under_load(load):
    """Down in the middle without what it had not written, then back: everything is indexed. What had its number from before is
    waited for until `timeout`."""
    splunk = Splunk(acknowledges=True)
    with on_thread(splunk):
        acknowledgement = {**ACKNOWLEDGED["acknowledgement"], "timeout": "3s"}
        chosen = options(splunk, sending_queue=SMALL, acknowledgement=acknowledgement)
        load.start(chosen)
        load.await_some()
    assert load.queued > 0
    with on_thread(splunk):
        load.finish()
    times_indexed(load, splunk)


def test_logboom_stops_in_the_middle_and_comes_back(load):
    """What waited for the indexer is sent again by the next process."""
    with on_thread(Splunk(acknowledges=True)) as splunk:
        load.deliver_in_two_lives(options(splunk, sending_queue=SMALL))
        times_indexed(load, splunk)


def test_the_certificate_expires_and_is_renewed(load, tmp_path):
    """Nothing is sent to a server that cannot prove who it is; everything is, once it can."""
    authority = Authority(tmp_path)
    splunk = Splunk(acknowledges=True)
    splunk.tls = serving(authority.issue("good"))
    trusted = {"tls": {"ca_file": str(authority.ca_file)}, "sending_queue": SMALL}
    with on_thread(splunk):
        load.start(options(splunk, **trusted))
        load.await_some()
    splunk.tls = serving(authority.issue("expired", datetime.timedelta(minutes=-30)))
    with on_thread(splunk):
        before = len(splunk.calls)
        load.await_trouble("certificate has expired")
        assert len(splunk.calls) == before
    splunk.tls = serving(authority.issue("renewed"))
    with on_thread(splunk):
        load.finish()
    times_indexed(load, splunk)


def serving(pair: Pair) -> ssl.SSLContext:
    """A server's context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    return context
