"""A real OpenTelemetry Collector as a counterpart: built with the Collector's own builder from Go modules, started on loopback.

`python -m counterparts.otelcol [NAME…]` builds those of `tests/counterparts/otelcol/`; Go 1.25 or later is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from collector.testing.service import free_ports

Flavour = Literal["bench", "elasticsearch", "files", "processors", "siem"]
FLAVOURS: tuple[Flavour, ...] = ("bench", "elasticsearch", "files", "processors", "siem")
BUILDER = "go.opentelemetry.io/collector/cmd/builder"
SOURCES = Path(__file__).parents[2] / "tests" / "counterparts" / "otelcol"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
_GO = {"GOFLAGS": "-trimpath -buildvcs=false", "CGO_ENABLED": "0"}
_START_SECS = 30


def version(flavour: Flavour) -> str:
    """The release that its manifest names."""
    found = re.search(r"^  version: (\S+)$", (SOURCES / flavour / "builder.yaml").read_text(), re.MULTILINE)
    assert found
    return found[1]


def built(flavour: Flavour) -> Path:
    """The program; built once for each version of its manifest (a minute or two on two cores)."""
    files = [SOURCES / flavour / name for name in ("builder.yaml", "go.sum")]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:16]
    home = _CACHE / f"otelcol-{digest}"
    if not home.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=_CACHE))
        try:
            _build(flavour, building)
            building.rename(home)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home / "otelcol"


def _build(flavour: Flavour, into: Path) -> None:
    """The builder of the same release writes a Go module and downloads by the `go.sum` that is there already."""
    sources = SOURCES / flavour
    with tempfile.TemporaryDirectory() as scratch:
        work, tools = Path(scratch) / "work", Path(scratch) / "tools"
        work.mkdir()
        shutil.copy(sources / "go.sum", work)
        manifest = Path(scratch) / "builder.yaml"
        text = (sources / "builder.yaml").read_text()
        manifest.write_text(text.replace("\ndist:\n", f"\ndist:\n  output_path: {work}\n", 1))
        _run("go", "install", f"{BUILDER}@v{version(flavour)}", GOBIN=str(tools))
        _run(str(tools / "builder"), f"--config={manifest}", "--ldflags=-s -w")
        shutil.move(work / "otelcol", into / "otelcol")


def _run(*command: str, **environment: str) -> None:
    done = subprocess.run(
        ["nice", *command], capture_output=True, text=True, check=False, env={**os.environ, **_GO, **environment}
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(command)} failed; Go is needed:\n{(done.stdout + done.stderr)[-3000:]}"


class Collector:
    """A running Collector. The health check extension is added to `config`; `stop` is SIGTERM, at the latest on exit.

    Args:
        config: the Collector's configuration; JSON is YAML.
        folder: for the configuration and the log.
    """

    def __init__(self, program: Path, config: Mapping[str, Any], folder: Path) -> None:
        [self._health] = free_ports(1)
        self.log = folder / "otelcol.log"
        self._file = folder / "otelcol.yaml"
        self._file.write_text(json.dumps(_with_health(config, self._health)))
        self._program = program
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self._program), f"--config={self._file}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + _START_SECS
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the Collector does not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """SIGTERM: it sends what it holds, writes its files and ends."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._health}/", timeout=5) as answer:
                return int(answer.status) == 200
        except OSError:
            return False


def _with_health(config: Mapping[str, Any], port: int) -> dict[str, Any]:
    extensions = {**config.get("extensions", {}), "health_check": {"endpoint": f"127.0.0.1:{port}"}}
    service = {"telemetry": {"metrics": {"level": "none"}}, **config["service"], "extensions": list(extensions)}
    return {**config, "extensions": extensions, "service": service}


if __name__ == "__main__":
    for flavour in [each for each in FLAVOURS if each in sys.argv[1:]] or FLAVOURS:
        print(flavour, version(flavour), built(flavour))
