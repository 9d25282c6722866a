"""What is told of listeners whose bounds were met."""

from __future__ import annotations

from collector.service.crowding import Crowding


def test_a_bound_that_was_met_is_told_for_a_minute():
    """Only when somebody had to give back since the last look; each protocol by itself."""
    now = 0.0
    crowding = Crowding(lambda: now)
    quiet = {"grpc": {"connections": 9, "connections_cut": 0, "calls_cut": 0}, "http": {"bodies_cut": 0}}
    met = {"grpc": {"connections": 9, "connections_cut": 0, "calls_cut": 3}, "http": {"bodies_cut": 1}}
    told = [
        "grpc: too many calls without their message, they are told to come again",
        "http: too much of unfinished bodies, their senders are told to come again",
    ]
    assert crowding.look(quiet) == []
    assert crowding.look(met) == told
    now = 59.0
    assert crowding.look(met) == told
    now = 61.0
    assert crowding.look(met) == []
    assert crowding.look({"http": {"bodies_cut": 2}}) == told[1:]
