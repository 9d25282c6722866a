"""The exporters of the OpenTelemetry SDKs for Go and Java, as programs: built once from their modules, kept in the tests' cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

SOURCES = Path(__file__).parent
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
_GO = {"GOFLAGS": "-trimpath -buildvcs=false", "CGO_ENABLED": "0"}


def go_sender() -> Path:
    """The program (a minute on two cores the first time): `sender grpc|http HOST:PORT COUNT`, with headers in the environment."""
    return _built("go", _build_go) / "sender"


def java_sender() -> list[str]:
    """The command (half a minute the first time): `… grpc|http HOST:PORT COUNT [AUTHORIZATION]`."""
    home = _built("java", _build_java)
    return ["java", "-cp", f"{home / 'lib'}/*:{home}", "Sender"]


def _build_go(sources: Path, into: Path) -> None:
    _run(["go", "build", "-o", str(into / "sender"), "."], sources, _GO)


def _build_java(sources: Path, into: Path) -> None:
    _run(["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={into / 'lib'}"], sources, {})
    _run(["javac", "-cp", f"{into / 'lib'}/*", "-d", str(into), "Sender.java"], sources, {})


def _built(language: str, build: Callable[[Path, Path], None]) -> Path:
    sources = SOURCES / language
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources.iterdir()))).hexdigest()[:16]
    home = _CACHE / f"sdk-sender-{language}-{digest}"
    if not home.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=_CACHE))
        try:
            build(Path(shutil.copytree(sources, building / "sources")), building)
            building.rename(home)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        ["nice", *command], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-3000:]}"
