"""Cloudflare's answers and settings: what they mean, and that the token shows nowhere."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
from collector.transport.call_budget import BudgetSpent
from collector.transport.cloudflare import read, verdict
from collector.transport.cloudflare_config import CloudflareConfig
from collector.transport.http_client import HttpAnswer

TOKEN = "v1.0-secret-token"


def config(**options):
    return CloudflareConfig(**{"account_id": "a", "api_token": TOKEN, **options})


ANSWERS = [
    (200, b'{"success":true,"errors":[],"result":[]}', {}, Ok()),
    (200, b'{"success":false,"errors":[{"code":1,"message":"no"}]}', {}, Retry("200 OK: no")),
    (200, b'{"success":tr', {}, Retry("200 OK: the answer is not JSON")),
    (
        429,
        b"<html>",
        {"Retry-After": "7"},
        Retry("429 Too Many Requests: the answer is not JSON", after_secs=7.0, throttled=True),
    ),
    (504, b"<!DOCTYPE html>", {}, Retry("504 Gateway Timeout: the answer is not JSON")),
    (500, b'{"success":false,"errors":[]}', {}, Retry("500 Internal Server Error")),
    (400, b'{"success":false,"errors":[{"code":7500,"message":"x"}]}', {}, Split("400 Bad Request: x")),
    (401, b"{}", {}, Blocked("401 Unauthorized: the answer is not JSON")),
    (404, b'{"success":false,"errors":null}', {}, Blocked("404 Not Found")),
    (301, b"", {}, Blocked("301 Moved Permanently: the answer is not JSON")),
    (200, b"[]", {}, Retry("200 OK: the answer is not JSON")),
    (500, b'{"success":false,"errors":[7]}', {}, Retry("500 Internal Server Error: the answer is not JSON")),
]


@pytest.mark.parametrize(("status", "body", "headers", "meaning"), ANSWERS)
def test_what_an_answer_means(status, body, headers, meaning):
    """By status and envelope; HTML, half an answer and wrong shapes are no success."""
    assert verdict(read(HttpAnswer(status, headers, body))) == meaning


def test_a_spent_budget_is_waited_for():
    """As long as it takes."""
    assert verdict(BudgetSpent(42.0)) == Retry("the token's calls are used up for 42.0 s", after_secs=42.0)


def test_what_the_other_side_says_is_one_short_line():
    """No control characters, no pages."""
    body = json.dumps({"success": False, "errors": [{"message": "a\x1b[31m\nb" + "x" * 1000}]}).encode()
    said = read(HttpAnswer(400, {}, body)).message
    assert said.startswith("a [31m b")
    assert len(said) == 301


REFUSED = [
    ({"base_url": "http://api.example.com"}, "plain http to api.example.com"),
    ({"base_url": "https://me:pw-of-mine@api.example.com"}, "holds a password"),
    ({"base_url": "ftp://x"}, "not a URL"),
    ({"api_token": ""}, "api_token is missing"),
    ({"api_token": "two words"}, "holds a space"),
    ({"account_id": ""}, "account_id"),
]


@pytest.mark.parametrize(("options", "said"), REFUSED)
def test_settings_that_cannot_work_are_refused(options, said):
    """With a sentence; never with the secret in our part of it."""
    with pytest.raises(ValidationError) as caught:
        config(**options)
    sentences = " ".join(f"{problem['loc']} {problem['msg']}" for problem in caught.value.errors())
    assert said in sentences
    assert "pw-of-mine" not in sentences
    assert TOKEN not in sentences


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8787/v4", "http://[::1]/v4", "http://localhost", "http://cloudflare.internal"]
)
def test_plain_http_stays_inside(url):
    """Loopback and a Worker's bindings need neither TLS nor a token."""
    assert "Authorization" not in config(base_url=url, api_token="").http().headers
    assert config(base_url="http://elsewhere.example", allow_plain_http=True)


def test_the_token_shows_nowhere():
    """Neither in the options' text nor in those of the HTTP client."""
    made = config()
    assert TOKEN not in f"{made!r} {made} {made.model_dump_json()} {made.http()!r}"
    assert made.http().headers["Authorization"].get_secret_value() == f"Bearer {TOKEN}"
