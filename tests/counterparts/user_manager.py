"""A real `systemd --user` on a real D-Bus, in namespaces of its own, with a unit to restart; no polkit. Root is needed, and systemd and dbus-daemon.

unshare: mounts, processes ─► a /run of its own ─► systemd --user ─► dbus.service
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

_START_SECS = 60
_INSIDE = r"""
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system  # or it thinks that no systemd runs here
"$SYSTEMD" --user &  # a child: as process 1 it would be the system's manager
wait $!
"""
_SLOW = "ExecStartPre=/bin/sh -c 'echo started >>%h/NAME; sleep 3'\n"
_UNITS = {
    "api.service": "[Service]\nExecStart=/bin/sleep infinity\n",
    "broken.service": "[Service]\nType=exec\nExecStart=/nonexistent\n",
    "oneshot.service": f"[Service]\nType=oneshot\n{_SLOW}ExecStart=/bin/true\n".replace("NAME", "oneshot.service"),
    "slow.service": f"[Service]\n{_SLOW}ExecStart=/bin/sleep infinity\n".replace("NAME", "slow.service"),
    "guarded.service": "[Unit]\nRefuseManualStart=yes\n[Service]\nExecStart=/bin/sleep infinity\n",
}


def _systemd() -> str:
    found = next((path for path in ("/usr/lib/systemd/systemd", "/lib/systemd/systemd") if Path(path).exists()), "")
    assert found, "systemd is needed"
    assert shutil.which("dbus-daemon"), "dbus-daemon is needed"
    return found


class UserManager:
    """It, until the end of the block. `address`: of its bus."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runtime = Path(tempfile.mkdtemp())  # sockets have short paths
        self.address = f"unix:path={self._runtime}/bus"

    def __enter__(self) -> Self:
        units = self._folder / "home" / ".config" / "systemd" / "user"
        units.mkdir(parents=True)
        for name, text in _UNITS.items():
            (units / name).write_text(text)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD": _systemd(), **self._whose}
        command = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--propagation",
            "private",
            "/bin/sh",
            "-c",
            _INSIDE,
        ]
        with (self._folder / "log").open("wb") as log:
            self._running = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            self._await("is-system-running", lambda said: said in ("running", "degraded"))
            self.systemctl("start", "dbus.service", "api.service")
            self._await_active("dbus.service")
            self._await_active("api.service")
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait()
        shutil.rmtree(self._runtime, ignore_errors=True)

    @property
    def _whose(self) -> dict[str, str]:
        return {"XDG_RUNTIME_DIR": str(self._runtime), "HOME": str(self._folder / "home")}

    def systemctl(self, *arguments: str) -> str:
        """What a command of this manager's user prints."""
        (child,) = Path(f"/proc/{self._running.pid}/task/{self._running.pid}/children").read_text().split() or ("0",)
        inside = ["nsenter", "--target", child, "--mount", "--pid", "systemctl", "--user", *arguments]
        whose = {"PATH": "/usr/bin:/bin", **self._whose}
        done = subprocess.run(inside, capture_output=True, text=True, check=False, env=whose)
        return (done.stdout or done.stderr).strip()

    def pid(self, unit: str) -> int:
        """Of its main process, in its namespace."""
        return int(self.systemctl("show", "--property=MainPID", "--value", unit) or 0)

    def _await_active(self, unit: str) -> None:
        deadline = time.monotonic() + _START_SECS
        while self.systemctl("is-active", unit) != "active":
            assert time.monotonic() < deadline, self._log()
            time.sleep(0.1)

    def _await(self, command: str, enough: object) -> None:
        deadline = time.monotonic() + _START_SECS
        while not enough(self.systemctl(command)):  # type: ignore[operator]
            assert self._running.poll() is None, self._log()
            assert time.monotonic() < deadline, self._log()
            time.sleep(0.1)

    def _log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-3000:]
