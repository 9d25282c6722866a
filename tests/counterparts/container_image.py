"""deploy/container's image, built by buildah as its Dockerfile says, and run without an engine: its file system read-only, its
user, its command, a network namespace of its own.

The base image cannot be had from a package registry: a Debian of the same release stands in for it, with Debian's Python. Root,
buildah, debootstrap and iproute2 are needed: `make deploy-tools`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from counterparts.debian_root import debian_root

ROOT = Path(__file__).parents[2]
_FOLDER = ROOT / "deploy" / "container"
_CERTIFICATES = Path("/etc/ssl/certs")
_START_SECS = 120


class Buildah:
    """Images in `folder`, which is thrown away with it."""

    def __init__(self, folder: Path) -> None:
        self._policy = folder / "policy.json"
        self._policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        storage = folder / "storage.conf"
        storage.write_text(f'[storage]\ndriver = "vfs"\nrunroot = "{folder}/run"\ngraphroot = "{folder}/graph"\n')
        self._environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(storage), "BUILDAH_ISOLATION": "chroot"}

    def run(self, *arguments: str | Path) -> str:
        """What a subcommand prints."""
        command = ["nice", "buildah", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self._environment)
        assert done.returncode == 0, f"{command}:\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()

    def build(self, dockerfile: Path, context: Path, tag: str) -> None:
        """Its own ignore file is named here; Docker finds it beside the Dockerfile."""
        ignored = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
        options: list[str | Path] = ["--ignorefile", ignored] if ignored.exists() else []
        self.run(
            "bud", "--format", "docker", "--signature-policy", self._policy, "--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro",
            *options, "--file", dockerfile, "--tag", tag, context,
        )  # fmt: skip


def built(folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """The image's file system and its configuration (Docker's words)."""
    buildah = Buildah(folder)
    dockerfile = _FOLDER / "Dockerfile"
    found = re.search(r"^FROM (\S+-(\w+)) ", dockerfile.read_text(), re.MULTILINE)
    assert found
    base = debian_root(found[2], "python3", "python3-pip", "python3-venv", "ca-certificates")
    with tempfile.TemporaryDirectory() as scratch:
        copying = Path(scratch) / "Dockerfile"
        copying.write_text("FROM scratch\nCOPY . /\nRUN ln -s python3 /usr/bin/python\n")
        buildah.build(copying, base, found[1])
    buildah.build(dockerfile, ROOT, "logboom")
    config = json.loads(buildah.run("inspect", "--type", "image", "logboom"))["Docker"]["config"]
    return Path(buildah.run("mount", buildah.run("from", "--signature-policy", buildah._policy, "logboom"))), config


_RUN = """
mount --bind "$ROOT" "$ROOT"
mount --bind "$VOLUME" "$ROOT$WORKDIR"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -o remount,bind,ro "$ROOT"
ip link set lo up
exec chroot --userspec "$USER:$USER" --groups "" "$ROOT" /usr/bin/env -i "$@"
"""


class Running:
    """The image's command in namespaces of its own; the volume is the only thing that it can write to."""

    def __init__(self, root: Path, config: Mapping[str, Any], folder: Path) -> None:
        self._root, self._config, self._volume = root, config, folder / "volume"
        self._volume.mkdir()
        shutil.copystat(root / config["WorkingDir"].lstrip("/"), self._volume)
        os.chown(self._volume, int(config["User"]), int(config["User"]))
        self.log = folder / "log"

    def __enter__(self) -> Self:
        environment = {**os.environ, "ROOT": str(self._root), "VOLUME": str(self._volume),
                       "WORKDIR": self._config["WorkingDir"], "USER": self._config["User"]}  # fmt: skip
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--net", "--propagation", "private"]
        inside = [*self._config["Env"], "--chdir", self._config["WorkingDir"]]
        command = [*self._config["Entrypoint"], *self._config["Cmd"]]
        shell = ["sh", "-euc", _RUN, "sh", *inside[-2:], *inside[:-2], *command]
        with self.log.open("wb") as log:
            self._outer = subprocess.Popen([*namespaces, *shell], stdout=log, stderr=log, env=environment)
        self._await_healthy()
        return self

    def __exit__(self, *_: object) -> None:
        if self._outer.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self._outer.wait()

    @property
    def pid(self) -> int:
        """Of the supervisor, process 1 of its namespace."""
        [child] = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()
        return int(child)

    def inside(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """As `docker exec`."""
        user = self._config["User"]
        entering = ["nsenter", "--target", str(self.pid), "--mount", "--net", "--pid", "--root", "--wd",
                    "--setuid", user, "--setgid", user, "env", "-i", *self._config["Env"]]  # fmt: skip
        return subprocess.run([*entering, *command], capture_output=True, text=True, check=False)

    def healthy(self) -> bool:
        """What HEALTHCHECK says."""
        kind, *command = self._config["Healthcheck"]["Test"]
        assert kind == "CMD"
        return self.inside(command).returncode == 0

    def stop(self) -> int:
        """As `docker stop`; the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self._outer.wait(60)

    def _await_healthy(self) -> None:
        deadline = time.monotonic() + _START_SECS
        while self._outer.poll() is None and time.monotonic() < deadline:
            if "ready after" in self.log.read_text() and self.healthy():
                return
            time.sleep(0.2)
        self.__exit__()
        raise AssertionError(f"the container does not become healthy:\n{self.log.read_text()[-3000:]}")
