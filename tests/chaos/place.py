"""Where the chaos happens: a logboom on a small disk of its own, whose clock and fsync are in our hands, restarted when it dies."""

from __future__ import annotations

import contextlib
import ctypes.util
import json
import mmap
import os
import shutil
import sqlite3
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import psutil

from collector.testing.service import Service

HONEST = ("tamyla.com", "wetechfounders.com", "default")
NOISY = "noisy.example"
DISK_BYTES = 1536 << 20
START_SECS = 300.0
_KNOBS = struct.Struct("<qq")
_SOURCE = Path(__file__).with_name("misfortune.c")


def configuration(service: Service, variant: dict[str, Any] | None = None) -> dict[str, Any]:
    """What logboom runs with; `variant` replaces keys of `service`."""
    local = "127.0.0.1"
    own = {
        "extensions": ["health_check"],
        "domains": {"names": [*HONEST[:2], NOISY], "header": "x-logboom-domain"},
        "telemetry": {
            "metrics": {"readers": [{"pull": {"exporter": {"prometheus": {"host": local, "port": service.metrics}}}}]}
        },
        "journal": {"max_bytes": "128MiB"},
        "ledger": {"max_bytes": "128MiB", "partitions": 2},
        "pipelines": {"logs": {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["sqlite"]}},
    }
    doors = {
        name: {"endpoint": f"{local}:{getattr(service, name)}", "max_connections": 240} for name in ("grpc", "http")
    }
    return {
        "receivers": {"otlp": {"protocols": doors}},
        "processors": {"categorize": {}, "triage": {}},
        "exporters": {"sqlite": {}},
        "extensions": {"health_check": {"endpoint": f"{local}:{service.health}"}},
        "service": own | (variant or {}),
    }


class Disk:
    """A file system of its own, where we may mount one; `small` says whether."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.small = False

    def open(self) -> None:
        """Mount it, where we may."""
        mounts = os.geteuid() == 0 and shutil.which("mount") is not None
        self.small = mounts and self._mount("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs")

    def fill(self, leave_bytes: int) -> None:
        """No more than this is free from now on."""
        state = os.statvfs(self.folder)
        used = (state.f_blocks - state.f_bfree) * state.f_frsize
        self._mount("-o", f"remount,size={used + leave_bytes}")

    def make_room(self) -> None:
        """As large as at the beginning."""
        self._mount("-o", f"remount,size={DISK_BYTES}")

    def close(self) -> None:
        """Unmount."""
        if self.small or self.folder.is_mount():
            subprocess.run(["umount", "-l", str(self.folder)], check=False)

    def _mount(self, *arguments: str) -> bool:
        return subprocess.run(["mount", *arguments, str(self.folder)], check=False, capture_output=True).returncode == 0


class Knobs:
    """The preloaded library, where there is a compiler and a libc that is asked; `library` is None without."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "knobs"
        self._path.write_bytes(_KNOBS.pack(0, 0))
        with self._path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _KNOBS.size)
        library, compiler = folder / "misfortune.so", shutil.which("cc") or shutil.which("gcc")
        command = [compiler or "", "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE), "-ldl"]
        found = compiler and ctypes.util.find_library("c")
        self.works = bool(found) and subprocess.run(command, check=False, capture_output=True).returncode == 0
        self.env = {"LD_PRELOAD": str(library), "CHAOS_KNOBS": str(self._path)} if self.works else {}

    def clock(self, offset_secs: int) -> None:
        """The wall clock of all processes, from now on."""
        struct.pack_into("<q", self._map, 0, offset_secs)

    def fsync(self, wait_ms: int) -> None:
        """Each fsync waits so long; -1 fails."""
        struct.pack_into("<q", self._map, 8, wait_ms)


class Place:
    """One logboom. Whoever kills it holds `lock`; `keep` starts it again, as an init system does.

    Attributes:
        exits: how often it ended how, and was started again.
    """

    def __init__(self, folder: Path) -> None:
        self.disk = Disk(folder / "disk")
        self.knobs = Knobs(folder)
        self.service = Service(folder, env=self.knobs.env)
        self.service.data = self.disk.folder / "data"
        self.lock = threading.RLock()
        self.exits: Counter[str] = Counter()
        self._aside = self.disk.folder / "aside"
        self._replaced = 0
        self.configure()

    def __enter__(self) -> Self:
        try:
            self.disk.open()
            self._aside.mkdir()
            self.service.start()
            self._await_start(time.monotonic() + START_SECS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.service.kill()
        self.disk.close()

    def _await_start(self, deadline: float) -> None:
        """A machine that is too busy for one start may be less busy for the next."""
        while not self.whole():
            assert time.monotonic() < deadline, self.service.log.read_text()[-3000:]
            self.keep()
            time.sleep(0.2)
        self.exits.clear()

    def configure(self, variant: dict[str, Any] | None = None) -> None:
        """Write the configuration; SIGHUP, or the next start, reads it."""
        new = self.service.config.with_suffix(".new")
        new.write_text(json.dumps(configuration(self.service, variant)))
        new.rename(self.service.config)

    def keep(self) -> None:
        """Start it again if it has ended."""
        with self.lock:
            process = self.service.process
            if process is not None and (code := process.poll()) is not None:
                self.exits[f"exit {code}"] += 1
                self.service.start()

    def processes(self) -> Iterator[tuple[str, psutil.Process]]:
        """(role, process) of all that live: `supervisor`, `ingest`, `worker`; a child that is not that far is `starting`."""
        with contextlib.suppress(psutil.Error):
            if self.service.process is not None:
                yield "supervisor", psutil.Process(self.service.process.pid)
        for child in self.service.children():
            yield _role(child.pid), child

    def take_store_away(self, how: str) -> None:
        """`moved`, `removed` or `replaced` (by an empty file), with its -wal and -shm; all are kept for the account."""
        store = self.service.data / "store.db"
        self._replaced += 1
        aside = self._aside / str(self._replaced)
        aside.mkdir()
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                old, kept = store.with_name(f"store.db{suffix}"), aside / f"store.db{suffix}"
                if how == "removed":
                    os.link(old, kept)
                    old.unlink()
                else:
                    old.rename(kept)
        if how == "replaced":
            new = aside / "new.db"
            new.touch(0o600)
            new.rename(store)

    def stores(self) -> list[Path]:
        """All store files there ever were."""
        return [self.service.data / "store.db", *sorted(self._aside.glob("*/store.db"))]

    def rows(self, sql: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """(number of the store, row) over all stores; what can't be read now is left out."""
        for number, path in enumerate(self.stores()):
            with (
                contextlib.suppress(sqlite3.OperationalError),
                contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection,
            ):
                yield from ((number, row) for row in connection.execute(sql).fetchall())

    def whole(self) -> bool:
        """Ready, no process missing, and none on its way (the successors in a change of configuration are)."""
        body = self.service.health_body()
        missing = "being replaced" in " ".join(body.get("degraded", ()))
        return body.get("phase") == "ready" and not missing and "starting" not in dict(self.processes())

    def await_recovery(self, deadline: Callable[[], float]) -> bool:
        """Whether it was whole in time, for more than a moment: one change may follow another."""
        since = None
        while time.monotonic() < deadline():
            since = (since or time.monotonic()) if self.whole() else None
            if since and time.monotonic() - since > 1.5:
                return True
            time.sleep(0.1)
        return False


def _role(pid: int) -> str:
    """By the writer's lock that it holds: ingest that of a journal, a worker those of partitions."""
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = link.readlink()
            if target.name == "writer.lock":
                return "worker" if target.parent.parent.name == "partition" else "ingest"
    return "starting"
