"""What was a login is decided once: every model says the same of a record."""

from __future__ import annotations

import json

import polars as pl
import pytest

from collector.documents.facts.activity import LOGIN, LOGOUT, NOTHING, activities
from collector.documents.models import texts
from collector.samples import batch_of

RULE = "logboom.triage.rule"
POST = {"http.request.method": "POST"}
WHO, WHERE = {"user.name": "ada", "user.id": "7"}, {"service.name": "shop", "host.name": "web-1"}
CASES = {
    "event name": ({}, "user.login", LOGIN),
    "event name, other spelling": ({}, "session/sign_in", LOGIN),
    "authenticated": ({}, "user.authenticated", LOGIN),
    "logout event": ({}, "user.logout", LOGOUT),
    "posted path": ({**POST, "url.path": "/api/login"}, "", LOGIN),
    "posted path, older name": ({"http.method": "POST", "http.target": "/login/?next=/"}, "", LOGIN),
    "posted route": ({**POST, "http.route": "/v1/Sign-In"}, "", LOGIN),
    "posted endpoint": ({**POST, "logboom.endpoint": "/auth/logoff"}, "", LOGOUT),
    "the form is only shown": ({"http.request.method": "GET", "url.path": "/login"}, "", NOTHING),
    "a list below it": ({**POST, "url.path": "/login/history"}, "", NOTHING),
    "failed login": ({RULE: "security/login-failed"}, "", LOGIN),
    "brute force": ({RULE: "security/brute-force"}, "", LOGIN),
    "refused token": ({RULE: "security/token-invalid"}, "", LOGIN),
    "another rule": ({RULE: "security/malware"}, "", NOTHING),
    "blogging in": ({}, "blogin.posted", NOTHING),
    "nothing said": ({}, "", NOTHING),
}


@pytest.mark.parametrize("name", CASES)
def test_models_agree(name):
    """ECS says `authentication`, OCSF 3002 with its activity, and both of the same records."""
    attributes, event, activity = CASES[name]
    batch = batch_of([{"attributes": {**WHO, **attributes}, "event_name": event, "resource": WHERE, "body": "x"}])
    ecs, ocsf = (json.loads(texts(batch, model)[0]) for model in ("ecs", "ocsf"))
    category = ecs["event"].get("category", [])
    assert ("authentication" in category) == (activity != NOTHING), ecs
    assert (ocsf["class_uid"] == 3002) == (activity != NOTHING), ocsf
    if activity != NOTHING:
        assert ocsf["activity_id"] == activity
        assert ("end" in ecs["event"]["type"]) == (activity == LOGOUT)


def test_columns_that_nobody_fills():
    """No event, no path, no method, no rule."""
    nothing = pl.Series(["", ""])
    assert activities(nothing, None, None, None).to_list() == [NOTHING, NOTHING]
    assert activities(nothing.clear(), None, None, None).to_list() == []
