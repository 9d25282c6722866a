"""Debian packages fetched by apt and unpacked into the tests' cache, with the libraries that this machine lacks."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
_NOT_FOLLOWED = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
_SECS = 100


class Unavailable(Exception):
    """The packages cannot be had here; says why."""


def installed(name: str, *packages: str) -> Path:
    """As `unpacked`; where that is impossible a test is skipped with the reason, and in CI it fails."""
    try:
        return unpacked(name, *packages)
    except Unavailable as reason:
        if os.environ.get("CI"):
            raise
        import pytest  # only tests call this

        pytest.skip(str(reason))


def unpacked(name: str, *packages: str) -> Path:
    """The root of a tree with the packages; fetched once for each release of the system, and kept under `name`. Raises `Unavailable`."""
    release = Path("/etc/os-release")
    system = release.read_bytes() if release.exists() else b""
    home = _CACHE / f"{name}-{hashlib.sha256(repr(packages).encode() + system).hexdigest()[:16]}"
    if not home.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=_CACHE))
        try:
            _fetch(building, packages)
            building.rename(home)
        except OSError:  # another test process was faster
            if not home.exists():
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home


def environment(root: Path) -> Mapping[str, str]:
    """What a program of the tree needs to find its libraries."""
    folders = sorted({file.parent for part in ("usr/lib", "lib") for file in (root / part).rglob("*.so*")})
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, folders))}


def _fetch(folder: Path, wanted: Sequence[str]) -> None:
    missing = [name for name in ("apt-get", "apt-cache", "dpkg", "dpkg-query") if shutil.which(name) is None]
    if missing:
        raise Unavailable(f"{wanted[0]} comes from Debian packages; there is no {', '.join(missing)}")
    try:
        packages = _closure(wanted)
    except Unavailable:
        _run("apt-get", "update")
        packages = _closure(wanted)
    debs = folder / "debs"
    debs.mkdir()
    try:
        _run("apt-get", "download", *packages, cwd=debs)
    except Unavailable:  # the lists name versions that the mirror no longer has
        _run("apt-get", "update")
        _run("apt-get", "download", *packages, cwd=debs)
    for deb in debs.glob("*.deb"):
        _run("dpkg", "-x", str(deb), str(folder))
    shutil.rmtree(debs)


def _closure(wanted: Sequence[str]) -> list[str]:
    """The packages, and those of their libraries that are not installed. Raises `Unavailable` if apt knows none."""
    unfollowed = [f"--no-{kind}" for kind in _NOT_FOLLOWED]
    listed = _run("apt-cache", "depends", "--recurse", *unfollowed, *wanted)
    named = {line.strip() for line in listed.splitlines() if line[:1].isalnum()}
    if not named.issuperset(wanted):
        raise Unavailable(f"apt does not know {wanted[0]}: its lists are empty")
    installed = _run("dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n").splitlines()
    there = {line.split()[0] for line in installed if line.endswith(" installed")}
    libraries = {name for name in named if name.startswith("lib") and name not in ("libc6", "libelogind0")}
    return [*wanted, *sorted(libraries - there)]


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=_SECS, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} {command[1]} did not finish in {_SECS} s") from None
    if done.returncode:
        raise Unavailable(f"{command[0]} {command[1]} failed: {done.stderr.strip()[-300:]}")
    return done.stdout
