"""`make audit`: what the wheel brings with it. Advisories, licences, and a bill of materials (CycloneDX) in build/sbom.json.

The wheel is built and installed alone into build/audit-env, so that developers' tools are not taken for ours. Advisories are asked
for by pip-audit; where no source of advisories answers, nothing can be said of the dependencies, and that is what is said.
Exit code 1: an advisory applies, or a licence is none of `ALLOWED`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BUILD = Path("build")
HOME = BUILD / "audit-env"
PYTHON = HOME / "bin" / "python"
TOOLS = Path(sys.executable).parent

ALLOWED = re.compile(
    r"(MIT|MIT-0|MIT License|Apache[- ]2\.0|Apache Software License|Apache License 2\.0|Apache-2\.0"
    r"|(2-Clause |3-Clause )?BSD( License|-2-Clause|-3-Clause)?|[23]-Clause BSD License|0BSD|ISC( License)?|Zlib|CC0-1\.0"
    r"|PSF-2\.0|Python Software Foundation License|MPL-2\.0|Mozilla Public License 2\.0|OLDAP-2\.8|Unlicense|LGPL"
    r"|DFSG approved)",
    re.IGNORECASE,
)
"""Licences under which a wheel of Apache-2.0 may depend on others. OLDAP is OpenLDAP's own, of LMDB; MPL and LGPL (of
python-stdnum, which is imported as it is) bind their own files."""


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command, its output kept."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done


def install() -> None:
    """The wheel and its dependencies, nothing else."""
    shutil.rmtree(BUILD / "audit-wheel", ignore_errors=True)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", BUILD / "audit-wheel", ".")
    venv.create(HOME, with_pip=True, clear=True)
    (wheel,) = (BUILD / "audit-wheel").glob("logboom-*.whl")
    run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)


def advisories() -> list[str]:
    """Advisories that apply, a line each."""
    (packages,) = HOME.glob("lib/python*/site-packages")
    answer = run(TOOLS / "pip-audit", "--path", packages, "--format", "json", "--progress-spinner", "off", check=False)
    try:
        found = json.loads(answer.stdout)["dependencies"]
    except ValueError:
        print(f"advisories: pip-audit gave no answer, so nothing can be said: {answer.stderr.strip()[-300:]}")
        return []
    asked = [one for one in found if "vulns" in one]
    if not asked:
        print(f"advisories: no source in reach knows any of {len(found)} packages, so nothing can be said of them")
    else:
        print(f"advisories: {len(asked)} of {len(found)} packages were looked up")
    return [f"{one['name']} {one['version']}: {hit['id']}" for one in asked for hit in one["vulns"]]


def foreign(packages: Iterable[dict[str, Any]]) -> list[str]:
    """Packages none of whose licences is allowed: `A OR B` needs one, `A AND B` and lists need all."""
    return [f"{one['Name']} {one['Version']}: {one['License']}" for one in packages if not _allowed(one["License"])]


def _allowed(text: str) -> bool:
    parts = re.split(r"\s+AND\s+|;\s*", text.replace("(MPL 2.0)", "").replace("(ISCL)", "").strip())
    return all(any(ALLOWED.fullmatch(one.strip(" ()")) for one in re.split(r"\s+OR\s+", part)) for part in parts)


def licences() -> list[str]:
    """Packages whose licence is none of the allowed."""
    command = (TOOLS / "pip-licenses", "--python", PYTHON, "--from", "mixed", "--format", "json")
    packages = [one for one in json.loads(run(*command).stdout) if one["Name"] != "logboom"]
    print(f"licences: {len(packages)} packages")
    return foreign(packages)


def bill_of_materials() -> None:
    """build/sbom.json, checked against CycloneDX's own schema."""
    out = BUILD / "sbom.json"
    run(TOOLS / "cyclonedx-py", "environment", PYTHON, "--output-file", out, "--validate")
    print(f"bill of materials: {len(json.loads(out.read_text())['components'])} components in {out}")


def main() -> int:
    """All three."""
    BUILD.mkdir(exist_ok=True)
    install()
    wrong = [*advisories(), *licences()]
    bill_of_materials()
    for line in wrong:
        print(f"NOT ALLOWED {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
