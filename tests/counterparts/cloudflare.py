"""Cloudflare's REST API on workerd's own D1 and KV, on loopback, for tests. Node 20 and npm are needed."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

SOURCES = Path(__file__).parents[2] / "tests" / "counterparts" / "cloudflare"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"


@dataclass(frozen=True, slots=True)
class Place:
    """Where it listens, and what there is."""

    url: str
    account_id: str
    token: str
    databases: tuple[str, ...]
    namespaces: tuple[str, ...]

    @property
    def base_url(self) -> str:
        """As in the exporters' options."""
        return f"{self.url}/client/v4"


class Pool:
    """`database()` and `namespace()` give a fresh one each."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._numbers = itertools.count()

    def database(self) -> str:
        """The id of one that nobody has used."""
        return self.place.databases[next(self._numbers)]

    def namespace(self) -> str:
        """Likewise."""
        return self.place.namespaces[next(self._numbers)]

    def options(self, base_url: str = "") -> dict[str, object]:
        """The options that every exporter needs."""
        return {
            "account_id": self.place.account_id,
            "api_token": self.place.token,
            "base_url": base_url or self.place.base_url,
            "max_calls_per_5m": 0,
        }


class Cloudflare:
    """A process with `pool` databases and namespaces; it ends with this one, however that ends. Entered again it is
    the same server after a restart: on the same port and, with a `state_dir`, with the same data."""

    def __init__(self, pool: int = 8, state_dir: Path | None = None) -> None:
        self._environment = {"POOL": str(pool), "PORT": "0", "DO_NOT_TRACK": "1"}
        if state_dir is not None:
            self._environment["STATE_DIR"] = str(state_dir)

    def __enter__(self) -> Place:
        self._process = subprocess.Popen(
            ["node", str(installed() / "run.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **self._environment},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the counterpart of Cloudflare did not start: exit {self._process.wait()}"
        found: dict[str, Any] = json.loads(line)
        self._environment["PORT"] = found["url"].rpartition(":")[2]
        pools = {name: tuple(found[name]) for name in ("databases", "namespaces")}
        return Place(found["url"], found["account_id"], found["token"], **pools)

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def installed(sources: Path = SOURCES, pattern: str = "**/*") -> Path:
    """The files of a folder with their npm packages beside them, installed once for each version of these files."""
    files = sorted(path for path in sources.glob(pattern) if path.is_file())
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:16]
    home = _CACHE / f"{sources.name}-{digest}"
    if not home.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=_CACHE))
        for path in files:
            copy = building / path.relative_to(sources)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        _npm(building)
        try:
            building.rename(home)
        except OSError:  # another test process was faster
            shutil.rmtree(building)
    return home


def _npm(folder: Path) -> None:
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"npm ci failed; Node 20 and npm are needed:\n{done.stderr}"
