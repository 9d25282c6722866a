"""A Debian that is booted in a folder: systemd as process 1, in namespaces of its own, by systemd-nspawn. Root is needed."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from counterparts.debian_root import debian_root

_PACKAGES = ("systemd", "systemd-sysv", "dbus", "python3", "procps", "iproute2", "man-db", "bash-completion")
_BOOT_SECS, _END_SECS = 300, 120
Done = subprocess.CompletedProcess[str]


def copied_system(folder: Path, release: str = "bookworm") -> Path:
    """A system of one's own, not booted."""
    root = folder / "system"
    subprocess.run(["cp", "--archive", str(debian_root(release, *_PACKAGES)), str(root)], check=True)
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")  # as an installer does
    return root


def in_root(root: Path, *command: str) -> Done:
    """A command in a system that is not booted."""
    inside = [
        "systemd-nspawn",
        "--quiet",
        "--register=no",
        "--keep-unit",
        "--private-network",
        "-D",
        str(root),
        *command,
    ]
    return subprocess.run(inside, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


class Booted:
    """The system, from its boot to its halt."""

    def __init__(self, root: Path) -> None:
        assert shutil.which("systemd-nspawn"), "systemd-nspawn is needed: make deploy-tools"
        self._root = root

    def __enter__(self) -> Self:
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
                   "--console=pipe", "-D", str(self._root)]  # fmt: skip
        self._outer = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + _BOOT_SECS
        while not (self._init and self("systemctl", "is-system-running").stdout.strip() == "running"):
            assert self._outer.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not boot"
            time.sleep(0.5)
        return self

    def __exit__(self, *_: object) -> None:
        self._outer.terminate()  # a clean halt
        try:
            self._outer.wait(_END_SECS)
        except subprocess.TimeoutExpired:
            self._outer.terminate()  # at once
            self._outer.wait()

    def __call__(self, *command: str) -> Done:
        """A command of root in it."""
        inside = ["nsenter", "--target", self._init, "--all", "--", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        return subprocess.run([*inside, *command], capture_output=True, text=True, check=False)

    def say(self, *command: str) -> str:
        """What a command that succeeds prints."""
        done = self(*command)
        assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def shown(self, unit: str, *names: str) -> Sequence[str]:
        """Properties of a unit."""
        return [self.say("systemctl", "show", "--value", "--property", name, unit) for name in names]

    @property
    def _init(self) -> str:
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()
        return children[0] if children else ""
