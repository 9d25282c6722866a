"""The machine: disk, descriptors, clock, ports, memory of file systems."""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from collector.cli.checks.finding import Finding, Patient, note, ok, problem
from collector.service.ports import busy, own_listeners, shared_listeners
from collector.settings.disk import disk_warning
from collector.settings.mounts import data_dir_warning
from collector.transport.descriptors import LEAST

_COMFORTABLE_FILES = 4096
_LEAST_FREE_BYTES = 256 << 20
_RELEASED_UNIX = 1_764_000_000  # November 2025: no clock that is right says less
_AHEAD_SECS = 60.0


def disk(patient: Patient) -> Iterator[Finding]:
    """Room, inodes, and whether the file system keeps what it is given."""
    place = _existing(patient.root)
    free, inodes = shutil.disk_usage(place).free, os.statvfs(place)
    if warning := data_dir_warning(patient.root):
        yield problem("disk", warning, "name a --data-dir on a local disk that stays")
    if inodes.f_files and not inodes.f_favail:
        yield problem("disk", f"{place} has no inodes left", "delete small files there")
    if free < _LEAST_FREE_BYTES:
        yield problem(
            "disk", f"{free >> 20} MiB are free at {place}", "free some: stores can't grow, and intake stops next"
        )
    elif warning := disk_warning(patient.settings, patient.root):
        yield note("disk", warning, "it works until backlogs grow")
    else:
        yield ok("disk", f"{free >> 20} MiB are free at {place}")


def descriptors(_: Patient) -> Iterator[Finding]:
    """How many files a process may open."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = hard if hard != resource.RLIM_INFINITY else 1 << 20
    cure = "raise it: `ulimit -n 4096`, LimitNOFILE= of a systemd unit, --ulimit nofile=4096 of a container"
    if most < LEAST:
        yield problem("descriptors", f"a process may open {most} files, {LEAST} are needed", cure)
    elif most < _COMFORTABLE_FILES:
        yield note("descriptors", f"a process may open {most} files: few connections at once", cure)
    else:
        yield ok("descriptors", f"a process may open {most} files")


def clock(patient: Patient) -> Iterator[Finding]:
    """Whether it can be right, by itself and by what is kept."""
    now = time.time()
    cure = "set it right and keep it so (chrony, systemd-timesyncd): times of receipt, retention and tokens go by it"
    if now < _RELEASED_UNIX:
        yield problem("clock", f"the clock says {time.strftime('%Y-%m-%d', time.gmtime(now))}", cure)
        return
    files = [path for path in patient.root.glob("*/*/data.mdb") if path.stat().st_mtime > now + _AHEAD_SECS]
    if files:
        ahead = max(path.stat().st_mtime for path in files) - now
        yield note("clock", f"{files[0]} was written {ahead:.0f} s ahead of the clock: it was set back", cure)
    else:
        yield ok("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now)))


def ports(patient: Patient) -> Iterator[Finding]:
    """Whether they are free for the next start; those of the logboom that runs are its own."""
    if patient.running:
        yield ok("ports", f"held by the logboom that runs (process {patient.running})")
        return
    taken = busy(shared_listeners(patient.settings) + own_listeners(patient.settings))
    cure = "end what has it (`ss -ltnp` shows who), or name another endpoint"
    yield from (problem("ports", said, cure) for said in taken)
    if not taken:
        yield ok("ports", "free")


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
