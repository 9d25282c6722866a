"""File descriptors: the limit that is set at the start, and what of it goes to connections."""

from __future__ import annotations

import resource

import pytest

from collector.errors import LogboomError
from collector.service.run import check_descriptors
from collector.transport.descriptors import connection_bounds, raise_limit

INFINITE = resource.RLIM_INFINITY


class Limit:
    """The system's, of a process that may not raise the hard one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, soft: int, hard: int) -> None:
        self.now = (soft, hard)
        monkeypatch.setattr(resource, "getrlimit", lambda _: self.now)
        monkeypatch.setattr(resource, "setrlimit", self.set)

    def set(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] == INFINITE or limits[0] > limits[1] or limits[1] > self.now[1]:
            raise ValueError("not allowed")
        self.now = limits


@pytest.mark.parametrize(
    ("soft", "hard", "limit"),
    [(1024, 20_000, 20_000), (20_000, 20_000, 20_000), (1024, INFINITE, 1024)],
    ids=["raised", "nothing to raise", "what the kernel does not take"],
)
def test_the_soft_limit_becomes_the_hard_one(monkeypatch, soft, hard, limit):
    system = Limit(monkeypatch, soft, hard)
    assert raise_limit() == limit
    assert system.now[0] == limit


@pytest.mark.parametrize(("hard", "in_process"), [(32, False), (63, False), (127, True)])
def test_too_few_to_start(monkeypatch, hard, in_process):
    """A sentence that says how many there are, how many are needed, and how to get them."""
    Limit(monkeypatch, hard, hard)
    with pytest.raises(LogboomError, match=rf"may open {hard} files here and logboom needs \d+ at least.*ulimit -n"):
        check_descriptors(in_process)


@pytest.mark.parametrize(
    ("limit", "most", "share", "bounds"),
    [
        (64, 0, 0, (5, 2)),
        (1024, 0, 0, (325, 162)),
        (1 << 20, 0, 0, (4096, 2048)),
        (INFINITE, 0, 0, (4096, 2048)),
        (1024, 100, 0, (100, 50)),
        (1024, 1, 0, (1, 1)),
        (1024, 0, 7, (325, 7)),
    ],
)
def test_connections_of_a_listener(monkeypatch, limit, most, share, bounds):
    """A third of what is not kept aside, half of it for one peer; options say otherwise."""
    Limit(monkeypatch, limit, limit)
    assert connection_bounds(most, share) == bounds


def test_what_is_kept_aside_is_enough(monkeypatch):
    """Two listeners at their bounds leave a process the descriptors that it opens for itself."""
    for limit in (64, 100, 256, 1024, 4096):
        Limit(monkeypatch, limit, limit)
        assert limit - 2 * connection_bounds(0, 0)[0] >= 48
