"""What is set on the records of a file because of what the file is."""

from __future__ import annotations

import grp
import pwd
import stat
from collections.abc import Mapping
from functools import lru_cache
from os import stat_result
from pathlib import Path

from collector.ingress.files.options import FilesConfig
from collector.journal.text import Scalar

NAME, PATH = "log.file.name", "log.file.path"


def attributes_of(config: FilesConfig, path: str, status: stat_result) -> Mapping[str, Scalar]:
    """By its path, and what the file system says of it."""
    found: dict[str, Scalar] = {}
    if config.include_file_name:
        found[NAME] = _text(Path(path).name)
    if config.include_file_path:
        found[PATH] = _text(path)
    if config.include_file_name_resolved or config.include_file_path_resolved:
        resolved = Path(path).resolve()
        if config.include_file_name_resolved:
            found["log.file.name_resolved"] = _text(resolved.name)
        if config.include_file_path_resolved:
            found["log.file.path_resolved"] = _text(str(resolved))
    if config.include_file_owner_name:
        found["log.file.owner.name"] = _user(status.st_uid)
    if config.include_file_owner_group_name:
        found["log.file.owner.group.name"] = _group(status.st_gid)
    if config.include_file_permissions:
        found["log.file.permissions"] = f"{stat.S_IMODE(status.st_mode):04o}"
    return found


def _text(path: str) -> str:
    """Names of files are bytes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@lru_cache(256)
def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


@lru_cache(256)
def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
