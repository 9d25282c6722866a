"""Each change once: over restarts, kills within a list, forgotten versions, and clusters that are not what they were."""

from __future__ import annotations

from typing import Any

import pytest

from collector.errors import Unavailable
from collector.ingress import reading
from collector.receivers.k8s_events import FACTORY
from counterparts.followed_cluster import EVENTS, Journal, cluster, event, following, until


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each record is a request of its own: a kill can come between any two."""
    monkeypatch.setattr(reading, "_MOST_RECORDS", 1)


def taken(journal: Journal) -> bool:
    """The receiver knows where it began."""
    return bool(journal.positions("k8s_events"))


def test_it_begins_now() -> None:
    """What was before is not taken; where it begins is on disk before anything happens."""
    journal = Journal()
    with cluster() as api:
        api.put(EVENTS, event(1))
        with following(FACTORY, api, journal):
            until(lambda: taken(journal))
            api.put(EVENTS, event(2))
            until(lambda: journal.bodies() == ["2"])


def test_a_change_is_taken_and_an_end_is_not() -> None:
    """An event that is counted on is told again; one that the server removes is none."""
    journal = Journal()
    with cluster() as api, following(FACTORY, api, journal):
        until(lambda: taken(journal))
        api.put(EVENTS, event(1))
        api.put(EVENTS, event(1, message="again", count=2))
        api.delete(EVENTS, "uid-1")
        api.put(EVENTS, event(2))
        until(lambda: journal.bodies() == ["1", "again", "2"])


@pytest.mark.parametrize("forgotten", [False, True], ids=["kept", "410 Gone"])
def test_what_happens_while_it_is_down_is_taken_once(forgotten: bool) -> None:
    """By the version that the journal has; where the server keeps it no more, by that of each object."""
    journal = Journal()
    with cluster() as api:
        with following(FACTORY, api, journal):
            until(lambda: taken(journal))
            api.put(EVENTS, event(1))
            until(lambda: journal.bodies() == ["1"])
        for number in (2, 3, 4):
            api.put(EVENTS, event(number))
        api.break_off(forget=forgotten)
        with following(FACTORY, api, journal):
            until(lambda: len(journal.bodies()) == 4)
            api.put(EVENTS, event(5))
            until(lambda: journal.bodies() == ["1", "2", "3", "4", "5"])


@pytest.mark.parametrize("kept", range(6))
def test_a_kill_within_a_list_repeats_nothing(kept: int, one_by_one: None) -> None:
    """What is listed anew goes by version, whatever order the server has: the place behind each record is true."""
    journal = Journal()
    with cluster() as api:
        with following(FACTORY, api, journal):
            until(lambda: taken(journal))
        for number in (5, 3, 1, 2, 4):
            api.put(EVENTS, event(number))
        api.put(EVENTS, event(3, message="3 again"))
        api.break_off(forget=True)
        journal.left = kept
        with following(FACTORY, api, journal):
            until(lambda: journal.left == 0)
        assert len(journal.bodies()) == kept
        journal.left = 100
        with following(FACTORY, api, journal):
            until(lambda: len(journal.bodies()) == 5)
    assert journal.bodies() == ["5", "1", "2", "4", "3 again"]


def test_a_watch_that_breaks_off_goes_on() -> None:
    """In the same process: where it was, and behind a 410 as well."""
    journal = Journal()
    with cluster() as api, following(FACTORY, api, journal):
        until(lambda: taken(journal))
        for number, forget in ((1, False), (2, True), (3, True)):
            api.put(EVENTS, event(number))
            until(lambda number=number: len(journal.bodies()) == number)
            api.break_off(forget=forget)
        api.put(EVENTS, event(4))
        until(lambda: journal.bodies() == ["1", "2", "3", "4"])


def test_another_cluster_is_told_whole(caplog: pytest.LogCaptureFixture) -> None:
    """Its versions are older than what was taken: nothing would come until it is as old."""
    journal = Journal()
    with cluster() as api, following(FACTORY, api, journal):
        until(lambda: taken(journal))
    with cluster() as other:
        other.restore(10)
        other.put(EVENTS, event(7))
        with following(FACTORY, other, journal):
            until(lambda: journal.bodies() == ["7"])
            other.put(EVENTS, event(8))
            until(lambda: journal.bodies() == ["7", "8"])
    assert "it is another one, or was restored" in caplog.text


def test_what_the_journal_has_no_room_for_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same request, until it is taken; what waits is bounded, and said."""
    monkeypatch.setattr(reading, "_WAITING_BYTES", 1)
    journal = Journal()
    with cluster() as api, following(FACTORY, api, journal) as receiver:
        until(lambda: taken(journal))
        journal.answer = Unavailable("the journal is full", 0.01)
        for number in range(20):
            api.put(EVENTS, event(number))
        until(lambda: receiver.lacking() == {"events": "the journal is full"})
        journal.answer = None
        until(lambda: journal.bodies() == [str(number) for number in range(20)])
        until(lambda: not receiver.lacking())


def test_namespaces_are_lists_of_their_own() -> None:
    """One that may not be read says so, and the other goes on; it comes by itself when it may."""
    journal = Journal()
    with cluster() as api:
        api.refused["/api/v1/namespaces/b/events"] = 403
        with following(FACTORY, api, journal, namespaces=["a", "b", "a"]) as receiver:
            until(lambda: set(receiver.lacking()) == {"events in b"} and taken(journal))
            assert "answered 403: is forbidden" in receiver.lacking()["events in b"]
            api.put("/api/v1/namespaces/a/events", event(1, "a"))
            until(lambda: journal.bodies() == ["1"])
            api.refused.clear()
            until(lambda: not receiver.lacking() and len(journal.positions("k8s_events")) == 2)
            api.put("/api/v1/namespaces/b/events", event(2, "b"))
            until(lambda: journal.bodies() == ["1", "2"])


def test_an_api_server_that_is_away_is_said() -> None:
    """Nothing stops; its reason is there."""
    with cluster() as api:
        gone = api.address
    away: Any = type("Away", (), {"address": gone})()
    with following(FACTORY, away, Journal()) as receiver:
        until(lambda: "refused" in receiver.lacking().get("events", "").lower())
        assert receiver.silent_secs() < 60
