"""Programs of others, built from Go modules once and kept in the tests' cache. Go 1.25 or later is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal

Program = Literal["compose-spec", "kubeconform", "nfpm", "promtool", "versitygw"]
_PACKAGES: dict[Program, tuple[str, str, str]] = {
    "compose-spec": ("github.com/compose-spec/compose-go/v2", "/cmd", "v2.16.2"),
    "kubeconform": ("github.com/yannh/kubeconform", "/cmd/kubeconform", "v0.8.0"),
    "promtool": ("github.com/prometheus/prometheus", "/cmd/promtool", "v0.316.0"),
    "nfpm": ("github.com/goreleaser/nfpm/v2", "/cmd/nfpm", "v2.45.2"),
    "versitygw": ("github.com/versity/versitygw", "/cmd/versitygw", "v1.8.0"),
}
"""Program → module, package below it, release; the checksum database says whether the module is what it was."""
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
_GO = {"GOFLAGS": "-trimpath -buildvcs=false", "CGO_ENABLED": "0"}


def built(program: Program) -> Path:
    """The program (half a minute on two cores the first time). Without Go a test is skipped; in CI it fails."""
    module, package, release = _PACKAGES[program]
    home = CACHE / f"{program}-{release}"
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=CACHE))
        try:
            go("install", f"{module}{package}@{release}", GOBIN=str(building))
            [made] = building.iterdir()
            made.rename(building / program)
            building.rename(home)
        except OSError:  # another test process was faster
            if not home.exists():
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home / program


def module_folder(module: str, release: str) -> Path:
    """The files of a module that nobody builds: what it ships beside its code."""
    return Path(go("mod", "download", "-json", f"{module}@{release}").split('"Dir": "')[1].split('"')[0])


def go(*command: str, folder: Path = Path("/"), **environment: str) -> str:
    """What `go` says. Without it a test is skipped; in CI it fails."""
    _need_go()
    done = subprocess.run(
        ["nice", "go", *command], capture_output=True, text=True, check=False, cwd=folder, env={**os.environ, **_GO, **environment}
    )  # fmt: skip
    assert done.returncode == 0, f"go {' '.join(command)} failed:\n{(done.stdout + done.stderr)[-3000:]}"
    return done.stdout


def _need_go() -> None:
    if shutil.which("go") is None and not os.environ.get("CI"):
        import pytest  # only tests call this

        pytest.skip("Go is needed to build it")
