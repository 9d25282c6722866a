"""`make check-packages`: both packages are built; the Debian one is installed on a Debian that systemd boots, runs there as a
service, is upgraded, removed and purged; the RPM is installed and erased."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterparts.booted_system import Booted, copied_system, in_root
from counterparts.go_programs import built

pytestmark = pytest.mark.timeout(3600)
ROOT = Path(__file__).parents[2]
_SEND = """
import sys, urllib.request
body = b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"severityText": "ERROR", "body": {"stringValue": "%s"}}]}]}]}'
request = urllib.request.Request("http://127.0.0.1:4318/v1/logs", body % sys.argv[1].encode(), {"content-type": "application/json"})
print(urllib.request.urlopen(request, timeout=20).status)
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By suffix."""
    into = tmp_path_factory.mktemp("packages")
    command = [
        sys.executable,
        str(ROOT / "deploy/packages/build.py"),
        "--nfpm",
        str(built("nfpm")),
        "--into",
        str(into),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {path.suffix: path for path in map(Path, done.stdout.split())}


@pytest.fixture(scope="module")
def installed(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """A booted system on which the package was installed while it ran."""
    root = copied_system(tmp_path_factory.mktemp("debian"))
    target = root / "root" / "logboom.deb"
    target.write_bytes(packages[".deb"].read_bytes())
    with Booted(root) as system:
        assert "systemctl enable --now logboom" in system.say("dpkg", "--install", "/root/logboom.deb")
        yield system


def send(system: Booted, text: str) -> None:
    assert system.say("python3", "-c", _SEND, text) == "200"


def bodies(system: Booted) -> list[str]:
    """What the store has, once it has it."""
    query = (
        "logboom",
        "query",
        "--json",
        "--data-dir",
        "/var/lib/logboom",
        "SELECT body FROM logs WHERE coalesce(generation, 0) = 0 ORDER BY record_id",
    )
    return [row["body"] for row in json.loads(system.say(*query))]


def await_bodies(system: Booted, wanted: list[str]) -> None:
    deadline = time.monotonic() + 180
    while (found := bodies(system)) != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
    assert found == wanted, system.say("journalctl", "--no-pager", "--unit", "logboom")[-3000:]


def test_a_service_from_its_first_start_to_a_purge(installed: Booted) -> None:
    """Notified ready; a record in and out; reload keeps the process; what dies comes again; an upgrade goes on with the
    data and keeps the changed configuration; a removal keeps the data, a purge too."""
    system = installed
    system.say("systemctl", "enable", "--now", "logboom")
    kind, state, status = system.shown("logboom", "Type", "SubState", "StatusText")
    assert (kind, state) == ("notify", "running")
    assert "4317" in status
    send(system, "first")
    await_bodies(system, ["first"])

    [pid] = system.shown("logboom", "MainPID")
    system.say("sh", "-c", "echo '# changed' >> /etc/logboom/logboom.yaml")
    system.say("systemctl", "reload", "logboom")
    send(system, "second")
    assert system.shown("logboom", "MainPID") == [pid]

    system.say("kill", "-KILL", pid)
    deadline = time.monotonic() + 120
    while system.shown("logboom", "SubState", "NRestarts") != ["running", "1"] and time.monotonic() < deadline:
        time.sleep(0.5)
    send(system, "third")
    await_bodies(system, ["first", "second", "third"])

    system.say("dpkg", "--install", "/root/logboom.deb")
    assert system.shown("logboom", "SubState") == ["running"]
    assert "# changed" in system.say("tail", "--lines=1", "/etc/logboom/logboom.yaml")
    await_bodies(system, ["first", "second", "third"])
    exposure = system.say("systemd-analyze", "security", "--no-pager", "logboom.service").splitlines()[-1]
    assert float(exposure.split(": ")[1].split()[0]) <= 2.0, exposure

    system.say("dpkg", "--remove", "logboom")
    assert system("systemctl", "is-active", "logboom").stdout.strip() == "inactive"
    assert system("ls", "/usr/lib/logboom").returncode != 0
    assert system.say("ls", "/etc/logboom", "/var/lib/logboom").split().count("store.db") == 1
    assert "stay" in system.say("dpkg", "--purge", "logboom")
    assert system("ls", "/etc/logboom").returncode != 0
    assert "store.db" in system.say("ls", "/var/lib/logboom").split()


def test_the_rpm_is_installed_and_erased(packages: dict[str, Path], tmp_path: Path) -> None:
    """By rpm, its scripts and all; into the same Debian, since no RPM system can be had: dependencies are looked at, not met."""
    root = copied_system(tmp_path)
    rpm = ("rpm", "--root", str(root), "--nodeps")
    needs = subprocess.run(["rpm", "-qp", "--requires", packages[".rpm"]], capture_output=True, text=True, check=True)
    assert f"python3.{sys.version_info.minor}" in needs.stdout.split()
    done = subprocess.run([*rpm, "--install", packages[".rpm"]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "systemctl enable --now logboom" in done.stdout
    assert in_root(root, "getent", "passwd", "logboom").stdout.endswith(":/var/lib/logboom:/usr/sbin/nologin\n")
    assert in_root(root, "logboom", "--version").stdout.startswith("logboom ")
    assert in_root(root, "man", "--where", "logboom").stdout.startswith("/usr/share/man/man1/logboom.1")
    (root / "etc/logboom/logboom.yaml").write_text("# mine\n")
    done = subprocess.run([*rpm, "--erase", "logboom"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (root / "usr/lib/logboom").exists()
    assert (root / "etc/logboom/logboom.yaml.rpmsave").read_text() == "# mine\n"
