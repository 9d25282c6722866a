"""Grafana Loki and its own reader, logcli, built from their Go module once and kept in the tests' cache. Go 1.25 or later is needed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Literal

from counterparts.go_programs import CACHE, go, module_folder

MODULE, RELEASE = "github.com/grafana/loki/v3", "v3.7.8"
_PUSH = ("pkg/push", "github.com/grafana/loki/pkg/push", "v0.0.0-20250630054201-94c0ba7b0952")
"""A module of its own that Loki's replaces by a folder, which is not in Loki's: folder, module, release."""


def built(command: Literal["logcli", "loki"] = "logcli") -> Path:
    """The program (some minutes on two cores the first time). Its module replaces others, so it is built from a copy that can be written."""
    home = CACHE / f"{command}-{RELEASE}"
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=CACHE))
        source, (folder, module, release) = building / "source", _PUSH
        try:
            _copy(module_folder(MODULE, RELEASE), source)
            _copy(module_folder(module, release), source / folder)
            go("build", "-ldflags=-s -w", "-o", str(building / "made" / command), f"./cmd/{command}", folder=source)
            (building / "made").rename(home)
        except OSError:  # another test process was faster
            if not home.exists():
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home / command


def _copy(module: Path, to: Path) -> None:
    shutil.copytree(module, to, copy_function=shutil.copyfile)
    for folder, _, _ in os.walk(to):
        Path(folder).chmod(0o755)  # of a module they are read-only


if __name__ == "__main__":
    print(built())
