"""Restarts wait longer the worse they go, and hope ends where nothing gets ready, or nothing lasts."""

from __future__ import annotations

import pytest

from collector.service.restarts import HOPELESS, MAX_PAUSE_SECS, SHORT_LIVED, Restarts

CASES = {
    "served for long": ([60.0, 60.0], 0.1, False),
    "one early death is an accident": ([1.0], 0.1, False),
    "early deaths again and again": ([1.0] * 4, 0.8, False),
    "never ready": ([None, None], 0.4, False),
    "never ready, for ever": ([None] * HOPELESS, 3.2, True),
    "the pause is bounded": ([None] * 20, MAX_PAUSE_SECS, True),
    "it got ready at last": ([None] * HOPELESS + [1.0], 0.1, False),
    "early deaths without end": ([1.0] * SHORT_LIVED, MAX_PAUSE_SECS, True),
    "it served at last": ([1.0] * 9 + [60.0], 0.1, False),
}


@pytest.mark.parametrize("name", CASES)
def test_pauses(name: str) -> None:
    """The pause after the last of these lives, and whether the place is hopeless."""
    lives, pause, hopeless = CASES[name]
    restarts = Restarts()
    pauses = [restarts.pause_after(served) for served in lives]
    assert pauses[-1] == pytest.approx(pause)
    assert restarts.hopeless(None) is hopeless


@pytest.mark.parametrize(("served", "hopeless"), [(None, True), (0.0, True), (9.9, True), (10.0, False)])
def test_a_place_of_short_lives_is_hopeless_until_a_child_lasts(served: float | None, hopeless: bool) -> None:
    """A child that is ready between two deaths must not turn the answer of `/live` back and forth."""
    restarts = Restarts(short_lives=SHORT_LIVED)
    assert restarts.hopeless(served) is hopeless
