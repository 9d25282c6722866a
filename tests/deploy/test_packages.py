"""deploy/systemd and deploy/packages fit the product and each other. `make check-packages` builds, installs, runs and removes them."""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.cli import COMMANDS
from collector.settings import load
from collector.units import parse_duration

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "logboom.service"
PACKAGES = ROOT / "deploy" / "packages"


@pytest.fixture(scope="module")
def unit() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser


@pytest.fixture(scope="module")
def contents() -> dict[str, dict[str, Any]]:
    """Of the package, by where each stands then."""
    text = re.sub(r"\$\{LOGBOOM_ROOT\}", str(ROOT), (PACKAGES / "nfpm.yaml").read_text())
    return {one["dst"]: one for one in yaml.safe_load(text)["contents"]}


def test_the_service_is_confined(tmp_path: Path) -> None:
    """systemd's own judgement: 10 is an open door; and it knows every directive."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None and not os.environ.get("CI"):
        pytest.skip("systemd-analyze is needed")
    assert analyze
    command = [analyze, "security", "--offline=true", "--no-pager", str(UNIT)]
    judged = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"exposure level for logboom.service: (\d+\.\d+)", judged.stdout)
    assert found
    assert float(found[1]) <= 2.0
    copy = tmp_path / "logboom.service"  # with a command and a manual that are there
    copy.write_text(
        re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text()).replace("man:logboom(1)", "man:kill(1)")
    )
    verified = subprocess.run(
        [analyze, "verify", "--man=false", str(copy)], capture_output=True, text=True, check=False
    )
    assert [line for line in verified.stderr.splitlines() if "logboom.service" in line] == []


def test_the_service_starts_what_the_package_installs(unit, contents) -> None:
    """Program, configuration, data directory and user are the same in both; the user is made before it starts."""
    service = unit["Service"]
    program, command, *arguments = service["ExecStart"].split()
    assert Path(program).is_relative_to(contents["/usr/lib/logboom"]["dst"])
    assert contents["/usr/bin/logboom"]["src"] == program
    assert command == "run"
    named = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert contents[named["--config"]]["type"] == "config|noreplace"
    assert named["--data-dir"] == f"/var/lib/{service['StateDirectory']}"
    assert (UNIT.parent / "logboom.sysusers").read_text().split()[1] == service["User"] == service["Group"]
    assert contents["/usr/lib/systemd/system/logboom.service"]["src"] == str(UNIT)


def test_it_has_time_to_drain(unit, contents) -> None:
    """SIGKILL comes later than what SIGTERM waits for."""
    settings = load([contents["/etc/logboom/logboom.yaml"]["src"]], environ={})
    assert parse_duration(unit["Service"]["TimeoutStopSec"]) > settings.service.processes.shutdown_timeout + 10


def test_what_the_package_takes_from_here_exists(contents) -> None:
    """The rest is made by build.py."""
    sources = [one["src"] for one in contents.values()]
    ours = [Path(path) for path in sources if path.startswith(str(ROOT))]
    assert [path for path in ours if not path.is_file() or path.is_symlink()] == []  # a link would lead nowhere
    scripts = yaml.safe_load((PACKAGES / "nfpm.yaml").read_text())["scripts"].values()
    for script in scripts:
        path = Path(script.replace("${LOGBOOM_ROOT}", str(ROOT)))
        assert subprocess.run(["sh", "-n", path], capture_output=True, text=True, check=False).stderr == ""


@pytest.fixture(scope="module")
def manual():
    spec = importlib.util.spec_from_file_location("manual", PACKAGES / "manual.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manual_has_every_command_with_its_options(manual) -> None:
    """Those of groups, too; no text is taken for a request of roff."""
    page = manual.manual()
    found = list(manual.commands())
    assert {command[0] for command in found} == set(COMMANDS)
    assert ("deadletter", "replay") in found
    assert all(f".SS logboom {' '.join(command)}".replace("-", "\\-") in page for command in found)
    for option in ("--data-dir", "--in-process", "--reach", "--no-formulas"):
        assert option.replace("-", "\\-") in page
    requests = set(re.findall(r"^\.(\w+)", page, re.MULTILINE))
    assert requests == {"TH", "SH", "SS", "TP", "B", "I", "nf", "fi"}


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    """The script that is installed, in a bash."""
    told = "from collector.cli import app; app(prog_name='logboom')"
    environment = {**os.environ, "_LOGBOOM_COMPLETE": "source_bash"}
    script = subprocess.run(
        [sys.executable, "-P", "-c", told], env=environment, capture_output=True, text=True, check=False
    )
    program = tmp_path / "logboom"
    program.write_text(f"#!{sys.executable}\nfrom collector.cli import main\n\nmain()\n")
    program.chmod(0o755)
    (tmp_path / "completion").write_text(script.stdout)

    def completed(*words: str) -> list[str]:
        asked = f"source completion; COMP_WORDS=(./logboom {' '.join(words)}); COMP_CWORD={len(words)}; _logboom_completion ./logboom; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        return subprocess.run(
            ["bash", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.split()

    assert completed("val") == ["validate"]
    assert completed("run", "--in") == ["--in-process"]
