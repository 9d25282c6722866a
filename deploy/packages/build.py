"""Builds the Debian and the RPM package: python deploy/packages/build.py --nfpm PROGRAM [--into build/packages]

A package holds an environment of its own below /usr/lib/logboom, of wheels for the Python that runs this: build it with the
`python3.N` of the distribution that it is for, on a machine of the same architecture.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = Path("/usr/lib/logboom")
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_SHELLS = ("bash", "zsh", "fish")


def build(nfpm: str, into: Path) -> list[Path]:
    """Both packages."""
    stage = into / "stage"
    shutil.rmtree(into, ignore_errors=True)
    _environment(stage / HOME.relative_to("/"))
    _documents(stage)
    variables = {
        "LOGBOOM_STAGE": str(stage), "LOGBOOM_ROOT": str(ROOT), "LOGBOOM_PYTHON": PYTHON,
        "LOGBOOM_VERSION": version("logboom"), "LOGBOOM_ARCH": _MACHINES[platform.machine()],
    }  # fmt: skip
    config = into / "nfpm.yaml"  # nfpm expands variables in some places only
    text = (ROOT / "deploy/packages/nfpm.yaml").read_text()
    for name, value in variables.items():
        text = text.replace(f"${{{name}}}", value)
    config.write_text(text)
    for packager in ("deb", "rpm"):
        _run(nfpm, "package", "--config", str(config), "--packager", packager, "--target", str(into))
    return sorted(path for path in into.iterdir() if path.suffix in {".deb", ".rpm"})


def _environment(folder: Path) -> None:
    """A virtual environment as `python3.N -m venv --without-pip` makes it, written for the place where it will stand."""
    site = folder / "lib" / PYTHON / "site-packages"
    wheels = folder.parent / "wheels"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run(*pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT))
    [wheel] = wheels.glob("logboom-*.whl")
    _run(*pip, "install", "--no-compile", "--only-binary", ":all:", "--target", str(site), str(wheel))
    shutil.rmtree(wheels)
    shutil.rmtree(site / "bin")  # what they start is this machine's Python
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(f"/usr/bin/{PYTHON}")
    (folder / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {platform.python_version()}\n"
    )
    script = folder / "bin" / "logboom"
    script.write_text(f"#!{HOME}/bin/python\nfrom collector.cli import main\n\nmain()\n")
    script.chmod(0o755)
    compileall.compile_dir(str(site), quiet=1, stripdir=str(folder), prependdir=str(HOME), workers=os.cpu_count() or 1)


def _documents(stage: Path) -> None:
    """The manual, and completions for shells."""
    here = Path(__file__).parent
    (stage / "logboom.1").write_text(_run(sys.executable, str(here / "manual.py")))
    told = "from collector.cli import app; app(prog_name='logboom')"
    for shell in _SHELLS:
        text = _run(sys.executable, "-P", "-c", told, _LOGBOOM_COMPLETE=f"source_{shell}")
        (stage / f"completion.{shell}").write_text(text)


def _run(*command: str, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603 - pip, nfpm and ourselves
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}, cwd=ROOT
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Builds the Debian and the RPM package.")
    parser.add_argument("--nfpm", default="nfpm", help="the program nfpm")
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "packages")
    asked = parser.parse_args()
    for package in build(asked.nfpm, asked.into.resolve()):
        sys.stdout.write(f"{package}\n")
