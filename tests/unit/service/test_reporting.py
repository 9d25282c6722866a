"""Whose the events of the service are, and what an ingest process tells of senders."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from collector.admission.doorkeeper import Asked
from collector.control.record import ControlRecord
from collector.control.reporter import Reporter
from collector.service.door_events import DoorEvents
from collector.service.reporting import Reporting, may_ask, operator_domain
from collector.settings import load

PLAIN = """
receivers: {otlp: {protocols: {http: {}}}}
exporters: {nop: {}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}
"""
TOKEN = "extensions: {bearertokenauth: {token: a-token-of-length}}"
ASKED = "service: {extensions: [bearertokenauth]}"
GUARDED = "receivers: {otlp: {protocols: {http: {auth: {authenticator: bearertokenauth}}}}}"


@pytest.mark.parametrize(
    ("more", "domain"),
    [
        ((), "default"),
        (("service: {domains: {default: tamyla.com}}",), "tamyla.com"),
        (("service: {domains: {names: [tamyla.com]}}",), "logboom"),
        (("service: {domains: {names: [tamyla.com], default: null}}",), "tamyla.com"),
        (("service: {domains: {default: null}}",), "logboom"),
        ((TOKEN, ASKED, GUARDED), "logboom"),
        (("service: {domains: {operator: ops.example}}",), "ops.example"),
        ((TOKEN, ASKED, GUARDED, "service: {domains: {operator: default}}"), "default"),
    ],
)
def test_the_operators_domain(more: tuple[str, ...], domain: str) -> None:
    """One domain and no credentials: its reader is the operator. Everything else has its own, or the chosen one."""
    assert operator_domain(load([f"yaml:{text}" for text in (PLAIN, *more)], environ={})) == domain


HEALTH = "{extensions: {health_check: {}}, service: {extensions: [health_check]}}"


@pytest.mark.parametrize(
    ("more", "asks"),
    [((), False), ((HEALTH,), False), ((TOKEN, ASKED, GUARDED), True)],
    ids=["none", "health", "token"],
)
def test_who_sends_is_asked_only_by_those_who_can(more: tuple[str, ...], asks: bool) -> None:
    """An extension of another kind costs no request a look at limits that nobody has."""
    assert may_ask(load([f"yaml:{text}" for text in (PLAIN, *more)], environ={})) is asks


def test_secrets_of_the_configuration_are_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load([f"yaml:{text}" for text in (PLAIN, TOKEN, ASKED, GUARDED)], environ={})
    reporting = Reporting(tmp_path, "worker 0", lambda: settings)
    told: list[ControlRecord] = []
    monkeypatch.setattr(reporting.teller, "tell", told.append)
    from collector.control.catalogue import CONFIG_REFUSED

    reporting.reporter.tell(CONFIG_REFUSED, "because of a-token-of-length", {"logboom.reason": "a-token-of-length"})
    assert "a-token-of-length" not in str(told[0].to_json())
    assert told[0].domain == "logboom"


def keeping() -> tuple[DoorEvents, list[ControlRecord]]:
    told: list[ControlRecord] = []
    return DoorEvents(Reporter(SimpleNamespace(tell=told.append), "ingest 0", lambda: "logboom")), told


def test_who_was_not_let_in_is_told_once_with_what_is_known() -> None:
    doors, told = keeping()
    refused = Asked("api_keys", "Unauthenticated", "revoked", "otlp", "203.0.113.9", "sdk/1", "k1", "tamyla.com")
    for _ in range(10):
        doors.asked(refused)
    doors.asked(refused._replace(outcome="Unavailable"))
    (record,) = told
    assert record.name == "logboom.service.auth.failed"
    assert record.domain == "logboom"
    assert dict(record.attributes) == {
        "logboom.process": "ingest 0", "logboom.authenticator": "api_keys", "logboom.receiver": "otlp", "error.type": "revoked",
        "client.address": "203.0.113.9", "user_agent.original": "sdk/1", "user.id": "k1", "logboom.domain": "tamyla.com",
        "logboom.count": 1,
    }  # fmt: skip


def test_a_limit_of_a_domain_is_told_to_the_operator_and_redacted_to_the_domain() -> None:
    doors, told = keeping()
    for kind in ("Exhausted", "Exhausted", "Unavailable", "InvalidPayload"):
        doors.refused("otlp", "tamyla.com", kind)
    doors.refused("otlp", "", "Exhausted")
    assert [(each.name, each.domain) for each in told] == [
        ("logboom.service.limit.reached", "logboom"),
        ("logboom.service.limit.reached", "tamyla.com"),
    ]
    assert dict(told[1].attributes) == {"logboom.count": 1}
