"""Pipelines that rest: who does, who does not, and what is said of it."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import lmdb
import pytest

from collector.disk.environment import CommitError
from collector.errors import Damaged, NoRoom, StorageError, storage_error
from collector.service.resting import REST_SECS, Resting


class Scripted:
    """A pipeline whose steps end as told."""

    def __init__(self, *ends: int | Exception) -> None:
        self._ends = list(ends)
        self.steps = 0

    def step(self) -> int:
        self.steps += 1
        end = self._ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


def disk_error(code: int) -> OSError:
    return OSError(code, os.strerror(code), "/data/partition/0/attempts/logs")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoRoom("x: no room for a commit of 7 bytes"), "x: no room for a commit of 7 bytes"),
        (CommitError(Path("p"), disk_error(errno.ENOSPC)), "No space left on device"),
        (CommitError(Path("p"), lmdb.DiskError("commit")), "p: the commit failed"),
        (storage_error("/data/x", disk_error(errno.ENOSPC)), "/data/x: No space left on device"),
        (storage_error("/data/x", disk_error(errno.EDQUOT)), "Disk quota exceeded"),
        (Damaged("journal/0 is damaged: move it aside"), "journal/0 is damaged: move it aside"),
    ],
    ids=repr,
)
def test_what_the_disk_refuses_is_waited_for(error: Exception, said: str, caplog: pytest.LogCaptureFixture) -> None:
    """One line at the beginning, one at the end, however long it takes; another pipeline goes on meanwhile."""
    now = [100.0]
    resting, full, other = Resting(clock=lambda: now[0]), Scripted(error, error, 5, 6), Scripted(1, 2, 3)
    with caplog.at_level(logging.WARNING, "logboom.worker"):
        assert resting.step("full", full.step) == 0
        assert said in resting.reasons()["full"]
        assert resting.step("full", full.step) == 0
        assert full.steps == 1, "it rests"
        assert resting.step("other", other.step) == 1
        now[0] += REST_SECS
        assert resting.step("full", full.step) == 0
        assert full.steps == 2
        now[0] += REST_SECS
        assert [resting.step("full", full.step), resting.step("full", full.step)] == [5, 6]
    assert resting.reasons() == {}
    assert [record.getMessage().partition(" ")[2].partition(",")[0] for record in caplog.records] == [
        "rests",
        "goes on",
    ]


@pytest.mark.parametrize(
    "error",
    [
        StorageError("damaged"),
        CommitError(Path("p"), disk_error(errno.EIO)),
        CommitError(Path("p"), lmdb.CorruptedError("get")),
        storage_error("/data/x", disk_error(errno.EIO)),
        ValueError("a defect"),
    ],
    ids=repr,
)
def test_what_does_not_pass_ends_the_process(error: Exception) -> None:
    resting = Resting()
    with pytest.raises(type(error)):
        resting.step("p", Scripted(error).step)
    assert resting.reasons() == {}
