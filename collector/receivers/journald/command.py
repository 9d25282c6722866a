"""How journalctl is called: once for what is stored, then to follow.

    last     the newest entry that fits: where `start_at: end` begins
    stored   from a cursor to the end, over all boots
    follow   from a cursor on; of the system's own journal what this boot writes, of other folders and files whatever comes

`--follow` alone reads this boot (of a folder: the newest one there), unless `--merge` is said: what the last boot wrote behind the
cursor would be passed over. `--after-cursor` passes over the first entry that fits where the cursor's own is gone, or fits no more;
so it is `--cursor`, and who reads leaves out that one.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from collector.receivers.journald.config import JournaldConfig

BEGINNING = ""
"""The cursor in front of all entries."""


def last(config: JournaldConfig) -> Sequence[str]:
    """Raises `FileNotFoundError`: there is no such program. So do the others."""
    return [*_program(config), "--lines=1", *_which(config)]


def stored(config: JournaldConfig, cursor: str) -> Sequence[str]:
    """It ends where the journal does."""
    return [*_program(config), *_from(cursor), *_which(config)]


def follow(config: JournaldConfig, cursor: str) -> Sequence[str]:
    """It does not end."""
    merge = ["--merge"] if (config.directory or config.files) and not (config.merge or config.dmesg) else []
    return [*_program(config), "--follow", "--no-tail", *merge, *_from(cursor), *_which(config)]


def _program(config: JournaldConfig) -> Sequence[str]:
    chroot = [_found("chroot"), config.root_path] if config.root_path else []
    path = config.journalctl_path
    return [*chroot, path if config.root_path else _found(path), "--utc", "--output=json", "--no-pager"]


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise FileNotFoundError(2, "there is no such program", program)
    return path


def _from(cursor: str) -> Sequence[str]:
    return [f"--cursor={cursor}"] if cursor else []


def _which(config: JournaldConfig) -> Sequence[str]:
    """As the Collector does, with each value in the argument of its option, so that none is taken for another option."""
    found = [f"--unit={unit}" for unit in config.units]
    found += [f"--identifier={identifier}" for identifier in config.identifiers]
    found.append(f"--priority={config.priority}")
    found += [f"--grep={config.grep}"] if config.grep else []
    found += ["--dmesg"] if config.dmesg else []
    found += [f"--namespace={config.namespace}"] if config.namespace else []
    if config.directory:
        found.append(f"--directory={config.directory}")
    else:
        found += [f"--file={file}" for file in config.files]
    found += ["--all"] if config.all else []
    found += ["--merge"] if config.merge else []
    for number, match in enumerate(config.matches):
        found += ["+"] if number else []
        found += [f"{name}={value}" for name, value in sorted(match.items())]
    return found
