"""A real Alertmanager on loopback, built from its Go module once and kept in the tests' cache. Go 1.25 or later is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

from collector.testing.service import free_ports
from counterparts.go_programs import CACHE, go, module_folder

MODULE, RELEASE = "github.com/prometheus/alertmanager", "v0.35.0"
_PAGE = "<!doctype html>"


def built() -> Path:
    """The program (two minutes on two cores the first time). The pages of its user interface are not in the module: empty ones take their place."""
    home = CACHE / f"alertmanager-{RELEASE}"
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=CACHE))
        source = building / "source"
        try:
            shutil.copytree(module_folder(MODULE, RELEASE), source, copy_function=shutil.copyfile)
            for folder, _, _ in os.walk(source):
                Path(folder).chmod(0o755)  # of a module they are read-only
            for page in ("elm", "mantine"):
                place = source / "ui" / "app" / "dist" / page / "index.html"
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(_PAGE)
            go("build", "-o", str(building / "made" / "alertmanager"), "./cmd/alertmanager", folder=source)
            (building / "made").rename(home)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home / "alertmanager"


class Alertmanager:
    """One in `folder`, until the end of the block. `config`: what stands in its file."""

    def __init__(self, folder: Path, config: Any) -> None:
        self._folder = folder
        (self._port,) = free_ports(1)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "alertmanager.json").write_text(json.dumps(config))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def kill(self) -> None:
        """`kill -9`, and another one on the same folder."""
        self._end()
        self._start()

    def post(self, what: str, content: Any) -> None:
        """To its API."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/v2/{what}", json.dumps(content).encode(), {"Content-Type": "application/json"}
        )  # fmt: skip
        with urllib.request.urlopen(asked, timeout=10):
            pass

    def _start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(built()), f"--config.file={self._folder}/alertmanager.json", f"--storage.path={self._folder}/data",
                 f"--web.listen-address=127.0.0.1:{self._port}", "--cluster.listen-address="],
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self._folder / "log").read_text()[-3000:])
            time.sleep(0.02)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=5):
                return True
        except OSError:
            return False

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
