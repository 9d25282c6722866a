"""Silences as Alertmanager's API writes them: commands, and rows of the store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.alert_commands import MATCHERS, SECONDS, SILENCE, SILENCE_ID, STARTS, UNSILENCE
from collector.errors import InvalidPayload
from collector.receivers.alertmanager.silences import ended, rfc3339, shown, wanted

SECOND = 1_000_000_000
NOW = 1_772_366_400 * SECOND  # 2026-03-01T12:00:00Z
GOOD: dict[str, Any] = {
    "matchers": [{"name": "alertname", "value": "High.*", "isRegex": True}, {"name": "env", "value": 'a"b', "isRegex": False, "isEqual": False}],
    "startsAt": "2026-03-01T11:00:00Z", "endsAt": "2026-03-01T14:00:00.000Z", "createdBy": "ada", "comment": "we know",
}  # fmt: skip


def asked(**changes: Any) -> Any:
    return wanted(json.dumps({**GOOD, **changes}).encode(), "a.com", "grafana", NOW)


def test_a_silence_is_a_command() -> None:
    record, former = asked()
    said = record.attributes
    assert (record.name, record.domain, former) == (SILENCE, "a.com", "")
    assert said[MATCHERS] == 'alertname=~"High.*", env!="a\\"b"'
    assert (said[SECONDS], said[STARTS]) == (7200.0, NOW - 3600 * SECOND)
    assert (said["logboom.command.who"], said["logboom.command.why"]) == ("ada (grafana)", "we know"), (
        "nobody asks in another's name alone"
    )
    assert len(record.id) == 36, "its id is the silence's: a UUID, as clients expect it"


def test_one_that_begins_later_lasts_from_then() -> None:
    record, _ = asked(startsAt="2026-03-01T13:00:00Z")
    assert (record.attributes[SECONDS], record.attributes[STARTS]) == (3600.0, NOW + 3600 * SECOND)


def test_one_that_takes_the_place_of_another_names_it() -> None:
    assert asked(id="former")[1] == "former"
    record = ended("former", "a.com", "ada")
    assert (record.name, record.attributes[SILENCE_ID]) == (UNSILENCE, "former")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"endsAt": "2026-03-01T11:30:00Z"}, "in the future"),
    ({"startsAt": "2026-03-01T15:00:00Z"}, "in the future"),
    ({"endsAt": None}, "endsAt"),
    ({"matchers": []}, "one at least"),
    ({"matchers": [{"name": "a"}]}, "each has a name and a value"),
    ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, "not an expression of RE2"),
    ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, "must not match the empty string"),
    ({"createdBy": ""}, "createdBy and comment"),
    ({"comment": None}, "createdBy and comment"),
]


@pytest.mark.parametrize(("changes", "why"), BAD, ids=[str(n) for n in range(len(BAD))])
def test_what_is_none_is_refused_in_words(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidPayload, match=why):
        asked(**changes)


def test_a_body_is_an_object() -> None:
    for body in (b"{", b"[]"):
        with pytest.raises(InvalidPayload):
            wanted(body, "a.com", "x", NOW)


@pytest.mark.parametrize(("starts", "ends", "state"), [(-1, 1, "active"), (1, 2, "pending"), (-2, 0, "expired")])
def test_a_row_is_shown_as_clients_read_it(starts: int, ends: int, state: str) -> None:
    row = {
        "silence_id": "i", "matchers": '{alertname=~"High.*", env!="a"}', "who": "ada", "why": None,
        "starts_unix_nano": NOW + starts * 3600 * SECOND, "ends_unix_nano": NOW + ends * 3600 * SECOND,
    }  # fmt: skip
    found = shown(row, NOW)
    assert found["status"] == {"state": state}
    assert found["matchers"] == [
        {"name": "alertname", "value": "High.*", "isRegex": True, "isEqual": True},
        {"name": "env", "value": "a", "isRegex": False, "isEqual": False},
    ]
    assert found["comment"] == ""


def test_times_are_rfc_3339() -> None:
    assert rfc3339(NOW + 123_999_999) == "2026-03-01T12:00:00.123Z"
