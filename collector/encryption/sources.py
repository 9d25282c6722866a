"""Where the master key comes from: a file, the environment, a command; plugins, by entry points.

[project.entry-points."logboom.master_keys"]
my_kms = "my_package.kms:SOURCE"        # a `MasterKeySource`
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from collector.encryption.master_key import LocalMasterKey, MasterKey, MasterKeySource, parsed
from collector.errors import KeysUnavailable

GROUP = "logboom.master_keys"
_MOST_BYTES = 64 << 10


def _file(options: Mapping[str, object]) -> MasterKey:
    path = Path(str(options["path"]))
    return LocalMasterKey(lambda: _parsed(_read_private(path), f"the master key in {path}"))


def _environment(options: Mapping[str, object]) -> MasterKey:
    name = str(options["variable"])

    def read() -> Sequence[bytes]:
        text = os.environ.get(name)
        if text is None:
            raise KeysUnavailable(f"the master key is not there: {name} is not set in the environment")
        return _parsed(text, f"the master key in the environment variable {name}")

    return LocalMasterKey(read)


def _command(options: Mapping[str, object]) -> MasterKey:
    command, secs = options["command"], options.get("timeout", 10.0)
    argv = shlex.split(command) if isinstance(command, str) else [str(part) for part in _listed(command)]
    return LocalMasterKey(lambda: _parsed(_output(argv, float(str(secs))), f"the output of {argv[0]}"))


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) else [value]


_BUILT_IN: Mapping[str, Callable[[Mapping[str, object]], MasterKey]] = {
    "file": _file,
    "environment": _environment,
    "command": _command,
}


@cache
def source(name: str) -> MasterKeySource:
    """Raises `ValueError`: there is none of that name, or a plugin can't be loaded."""
    if name in _BUILT_IN:
        return MasterKeySource(f"a key from {name}", _BUILT_IN[name])
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none is installed"
        raise ValueError(f"there is no plugin {name!r} for master keys ({known})")
    try:
        loaded = found[name].load()
    except Exception as error:  # whatever a plugin's import raises
        raise ValueError(f"the plugin {name!r} ({found[name].value}) can't be loaded: {error}") from error
    if not isinstance(loaded, MasterKeySource):
        raise ValueError(f"the plugin {name!r}: {found[name].value} is no MasterKeySource")
    return loaded


def opened(name: str, options: Mapping[str, object]) -> MasterKey:
    """The master key as a configuration asks for it.

    Raises:
        KeysUnavailable: it can't be had, or the options are wrong; a sentence without secrets.
    """
    try:
        return source(name).open(options)
    except ValueError as error:
        raise KeysUnavailable(f"the master key can't be had: {error}") from error


def _parsed(text: str, where: str) -> Sequence[bytes]:
    try:
        return parsed(text)
    except ValueError as error:
        raise KeysUnavailable(f"{where} can't be used: {error}") from None


def _read_private(path: Path) -> str:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise KeysUnavailable(f"the master key {path} is no regular file")
            if status.st_mode & 0o077:
                mode = stat.S_IMODE(status.st_mode)
                raise KeysUnavailable(f"others may read the master key in {path} (mode {mode:04o}): chmod 600 {path}")
            return file.read(_MOST_BYTES).decode(errors="replace")
    except OSError as error:
        raise KeysUnavailable(f"the master key in {path} can't be read: {error.strerror or error}") from error


def _output(argv: Sequence[str], secs: float) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's command, without a shell
            list(argv), stdin=subprocess.DEVNULL, capture_output=True, timeout=secs, check=False
        )
    except subprocess.TimeoutExpired:
        raise KeysUnavailable(f"the command for the master key, {argv[0]}, took longer than {secs:g} s") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise KeysUnavailable(f"the command for the master key, {argv[0]}, can't be started: {reason}") from error
    if done.returncode:
        raise KeysUnavailable(f"the command for the master key, {argv[0]}, ended with {done.returncode}")
    return done.stdout[:_MOST_BYTES].decode(errors="replace")
