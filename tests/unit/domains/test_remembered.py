"""Answers are kept for a while, and for so many; a flood of others pushes out the least asked for."""

from __future__ import annotations

from collector.domains.remembered import Remembered, fingerprint


def test_answers_end():
    """At their time, not later."""
    now = [0.0]
    memory: Remembered[str] = Remembered(clock=lambda: now[0])
    memory.put(b"a", "x", 10.0)
    now[0] = 9.9
    assert memory.get(b"a") == "x"
    now[0] = 10.0
    assert memory.get(b"a") is None


def test_one_goes_at_a_time():
    """Never all at once: who is asked for stays."""
    memory: Remembered[int] = Remembered(most=3)
    for number in range(10):
        memory.put(b"%d" % number, number, 10.0)
        assert memory.get(b"0") == 0
    assert [memory.get(b"%d" % number) for number in (7, 8, 9)] == [None, 8, 9]
    memory.clear()
    assert memory.get(b"0") is None


def test_fingerprints():
    """Of the whole secret, whatever is in it."""
    assert fingerprint("a") != fingerprint("ab")
    assert len(fingerprint("\udcff\u2028")) == 32
