"""Restarts wait longer the worse they go, and hope ends where nothing ever gets ready."""

from __future__ import annotations

import pytest

from collector.service.restarts import HOPELESS, MAX_PAUSE_SECS, Restarts

CASES = {
    "served for long": ([60.0, 60.0], 0.1, False),
    "one early death is an accident": ([1.0], 0.1, False),
    "early deaths again and again": ([1.0] * 4, 0.8, False),
    "never ready": ([None, None], 0.4, False),
    "never ready, for ever": ([None] * HOPELESS, 3.2, True),
    "the pause is bounded": ([None] * 20, MAX_PAUSE_SECS, True),
    "it got ready at last": ([None] * HOPELESS + [1.0], 0.1, False),
    "it served at last": ([1.0] * 9 + [60.0], 0.1, False),
}


@pytest.mark.parametrize("name", CASES)
def test_pauses(name: str) -> None:
    """The pause after the last of these lives, and whether the place is hopeless."""
    lives, pause, hopeless = CASES[name]
    restarts = Restarts()
    pauses = [restarts.pause_after(served) for served in lives]
    assert pauses[-1] == pytest.approx(pause)
    assert restarts.hopeless is hopeless
