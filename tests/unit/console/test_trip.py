"""What a browser keeps while its person is at a provider: as much as cookies hold, and nothing that strangers write there is an error."""

from __future__ import annotations

import base64

import pytest

from collector.component import Journey
from collector.console.login.cookies import Cookie
from collector.console.login.trip import Trip

JOURNEY = Journey("", "s" * 43, "n" * 43, "v" * 86)


@pytest.mark.parametrize("goal", ["/", "/logs?q=" + "я" * 600, "/logs?q=\ud800"])
def test_it_comes_back_as_it_was(goal: str) -> None:
    """Whatever letters the goal has: what is none becomes a question mark."""
    packed = Trip("oidc", "https://id.example", goal, JOURNEY).packed()
    kept = Cookie("lb-trip-8080", "/", secure=False).value({"lb-trip-8080": packed})
    assert Trip.unpacked(kept) == Trip("oidc", "https://id.example", goal.replace("\ud800", "?"), JOURNEY)


def test_a_goal_that_no_cookie_holds_is_the_first_page() -> None:
    packed = Trip("oidc", "https://id.example", "/logs?q=" + "\U0001f4a5" * 1000, JOURNEY).packed()
    assert len(packed) <= 3500
    assert Trip.unpacked(packed) == Trip("oidc", "https://id.example", "/", JOURNEY)


@pytest.mark.parametrize("text", [b"[" * 3000, b'{"journey":' * 250, b"{}", b"[]", b"\xff", b""])
def test_what_strangers_write_is_no_trip(text: bytes) -> None:
    assert Trip.unpacked(base64.urlsafe_b64encode(text).decode()) is None
