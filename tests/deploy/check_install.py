"""`make check-install`: the wheel as people install a command, apart from everything else, by pipx and by uv."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(1800)
ROOT = Path(__file__).parents[2]
INSTALLERS: dict[str, Sequence[str]] = {
    "pipx": ("pipx", "install", "--python", sys.executable),
    "uv tool": ("uv", "tool", "install", "--python", sys.executable),
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    [found] = folder.glob("*.whl")
    return found


@pytest.mark.parametrize("installer", INSTALLERS)
def test_it_is_a_command_of_its_own(installer: str, wheel: Path, tmp_path: Path) -> None:
    """One program on the path; it knows its version, finds its default configuration, and shares no module with anybody."""
    program, *arguments = INSTALLERS[installer]
    homes = {"PIPX_HOME": "pipx", "PIPX_BIN_DIR": "bin", "UV_TOOL_DIR": "uv", "UV_TOOL_BIN_DIR": "bin"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {name: str(tmp_path / folder) for name, folder in homes.items()}
    command = [str(Path(sys.executable).parent / program), *arguments, str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "bin").iterdir()] == ["logboom"]

    def asked(*words: str) -> str:
        command = [str(tmp_path / "bin" / "logboom"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path).stdout

    assert asked("--version") == f"logboom {wheel.name.split('-')[1]}\n"
    assert "otlp" in asked("validate")
    assert "critical" in asked("explain", '{"body": "panic: runtime error", "severity": "FATAL"}')
