"""The `alertmanager` receiver over HTTP: who may post, who may read and silence; what comes into the journal, and as what."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.component import Context
from collector.domains.credential import READ, SILENCE, WRITE, Credential
from collector.domains.resolver import DomainResolver, DomainRules, RequestFacts
from collector.errors import Unauthenticated
from collector.receivers.alertmanager import FACTORY
from collector.testing.intake import MemoryIntake
from counterparts.json_door import records

ALERT = json.dumps([{"labels": {"alertname": "Down", "job": "shop"}}])
QUIET = json.dumps({
    "matchers": [{"name": "a", "value": "b"}], "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
    "createdBy": "ada", "comment": "x",
})  # fmt: skip


class Roles:
    """A server authenticator: `sender`, `reader`, `oncall`, `page` are what they are called."""

    def authenticate(self, request: RequestFacts) -> Credential:
        name = request.header("authorization") or ""
        known = {
            "sender": Credential(id="s", scopes=frozenset({WRITE})), "reader": Credential(id="r", scopes=frozenset({READ})),
            "oncall": Credential(id="o", scopes=frozenset({READ, SILENCE})),
            "page": Credential(id="p", scopes=frozenset({WRITE, READ, SILENCE}), public=True),
        }  # fmt: skip
        if name not in known:
            raise Unauthenticated("who are you?")
        return known[name]


@contextlib.contextmanager
def listening(folder: Path, *, roles: bool = True, **options: Any) -> Iterator[tuple[MemoryIntake, Any]]:
    """What came into the journal, and a function that asks."""
    intake = MemoryIntake()
    admission = Admission(checks(DomainResolver(DomainRules(("a.com",)))), intake)
    auth = {"auth": {"authenticator": "roles"}} if roles else {}
    config = FACTORY.config.model_validate({"endpoint": "127.0.0.1:0", **auth, **options})
    receiver = FACTORY.create(config, Context("alertmanager", folder, extensions={"roles": Roles()}))
    receiver.start(admission)
    (address,) = receiver.endpoints().values()

    def ask(method: str, path: str, who: str = "", body: str | None = None) -> int:
        connection = http.client.HTTPConnection(address, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"authorization": who, "host": "a.com"})
            return connection.getresponse().status

    try:
        yield intake, ask
    finally:
        receiver.shutdown(5.0)


CASES = [
    ("POST", "/api/v2/alerts", {"sender": 200, "reader": 403, "page": 403, "": 401}),
    ("GET", "/api/v2/alerts", {"sender": 403, "reader": 503, "page": 403, "": 401}),
    ("GET", "/api/v2/status", {"sender": 403, "reader": 200, "page": 403, "": 401}),
    ("POST", "/api/v2/silences", {"sender": 403, "reader": 403, "oncall": 503, "page": 403, "": 401}),
    ("DELETE", "/api/v2/silence/x", {"sender": 403, "reader": 403, "oncall": 503, "page": 403, "": 401}),
    ("GET", "/-/healthy", {"sender": 200, "reader": 200, "page": 200, "": 200}),
]
"""503: there is no store and nobody takes commands in this test; who gets it was let in."""


def test_who_may_send_and_who_may_read(tmp_path: Path) -> None:
    with listening(tmp_path) as (intake, ask):
        for method, path, wanted in CASES:
            body = {"/api/v2/alerts": ALERT, "/api/v2/silences": QUIET}.get(path) if method == "POST" else None
            assert {who: ask(method, path, who, body) for who in wanted} == wanted, (method, path)
        assert intake.wait_for(1)
        assert len(intake.payloads) == 1


def test_where_authenticators_know_no_roles_senders_may_read(tmp_path: Path) -> None:
    with listening(tmp_path, senders_read=True) as (_, ask):
        assert [ask("GET", "/api/v2/status", who) for who in ("sender", "reader")] == [200, 403]
        assert ask("POST", "/api/v2/alerts", "sender", ALERT) == 200


def test_what_is_kept_is_shown_to_nobody_beyond_this_machine_without_a_login(tmp_path: Path) -> None:
    with listening(tmp_path, roles=False, endpoint="0.0.0.0:0") as (_, ask):
        assert ask("GET", "/api/v2/alerts") == 403
        assert ask("POST", "/api/v2/silences", body=QUIET) == 403
        assert ask("DELETE", "/api/v2/silence/x") == 403
        assert ask("POST", "/api/v2/alerts", body=ALERT) == 200


def test_an_alert_is_an_event_each_time_that_it_is_told(tmp_path: Path) -> None:
    """The same bytes again are no duplicate: they say that it goes on."""
    with listening(tmp_path, roles=False) as (intake, ask):
        for _ in range(3):
            assert ask("POST", "/api/v2/alerts", body=ALERT) == 200
        assert ask("POST", "/api/v2/alerts", body="[]") == 200
        assert intake.wait_for(3)
    assert [int(payload.kind) for payload in intake.payloads] == [1, 1, 1]
    assert len({payload.digest for payload in intake.payloads}) == 3
    (event,) = records(intake.payloads[0].body)
    assert (event["event"], event["resource"]) == ("logboom.alert.received", {"service.name": "shop"})
