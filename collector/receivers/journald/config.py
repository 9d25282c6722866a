"""The options of the `journald` receiver: the Collector's names and defaults."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from collector.stanza.options import StepsConfig

_FIELD = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_LEVEL = re.compile("|".join((*_LEVELS, "[0-7]")))


class JournaldConfig(StepsConfig):
    """Options of the `journald` receiver. Between options all must fit, within a list one of them."""

    directory: str = ""
    """A folder with journal files; empty: the system's journal. Relative to `root_path`."""
    files: list[str] = []
    """Journal files (with `*`), where `directory` is empty. Relative to `root_path`."""
    start_at: Literal["beginning", "end"] = "end"
    """Where the first start begins; later ones go on where the last one was."""
    units: list[str] = []
    """Entries of these units: `ssh`, `kubelet.service`, `docker*`."""
    identifiers: list[str] = []
    """Entries of these programs (`SYSLOG_IDENTIFIER`)."""
    matches: list[dict[str, str]] = []
    """Entries that have all fields of one of these: `{_SYSTEMD_UNIT: kubelet.service, _UID: "1000"}`."""
    priority: str = "info"
    """Entries that are at least as severe (`err`, `3`), or of a range (`err..warning`)."""
    grep: str = ""
    """Entries whose MESSAGE fits the regular expression (PCRE2)."""
    dmesg: bool = False
    """Messages of the kernel in this boot alone."""
    all: bool = False
    """Fields of more than 4,096 bytes, too; without it they are empty."""
    namespace: str = ""
    """The journal of a namespace; `*`: all of them."""
    merge: bool = False
    """Journals of other machines, too."""
    convert_message_bytes: bool = False
    """A MESSAGE that is no printable UTF-8 becomes text; else it is a list of its bytes."""
    include_log_record_original: bool = False
    """Set `log.record.original`: the entry as journalctl wrote it."""
    convert_to_semantic_conventions: bool = False
    """The message as body, its priority as severity, and known fields as attributes of record and resource; else the body is the whole entry."""
    journalctl_path: str = Field("journalctl", min_length=1)
    """The program that reads journals; where `root_path` is set an absolute path within it."""
    root_path: str = ""
    """A folder that is the root for journalctl (`chroot`): the host's file system, in a container."""

    @field_validator("files", "units", "identifiers", "matches", mode="before")
    @classmethod
    def _none(cls, given: Any) -> Any:
        return [] if given is None else given

    @field_validator("directory", "namespace", "grep", "root_path", mode="before")
    @classmethod
    def _no_text(cls, given: Any) -> Any:
        return "" if given is None else given

    @field_validator("priority")
    @classmethod
    def _level(cls, priority: str) -> str:
        levels = priority.split("..")
        if len(levels) > 2 or not all(_LEVEL.fullmatch(level) for level in levels):
            raise ValueError(f"{priority!r} is none of {', '.join(_LEVELS)}, 0 to 7, or a range such as err..warning")
        return priority

    @field_validator("matches")
    @classmethod
    def _fields(cls, matches: list[dict[str, str]]) -> list[dict[str, str]]:
        for name in (name for match in matches for name in match):
            if not _FIELD.fullmatch(name):
                raise ValueError(f"'{name}' is not a valid Systemd field name")
        return matches

    @field_validator("directory", "files", "units", "identifiers", "matches", "grep", "namespace", "journalctl_path")
    @classmethod
    def _arguments(cls, given: Any) -> Any:
        if "\0" in repr(given) or "\\x00" in repr(given):
            raise ValueError("an argument of a program has no NUL")
        return given

    @model_validator(mode="after")
    def _root(self) -> Self:
        if not self.journalctl_path.strip():
            raise ValueError("'journalctl_path' must be non-whitespace")
        if self.root_path and not self.journalctl_path.startswith("/"):
            raise ValueError("'journalctl_path' must be an absolute path when 'root_path' is set")
        if self.root_path and not self.root_path.startswith("/"):
            raise ValueError("'root_path' must be an absolute path")
        return self

    def cautions(self) -> Mapping[str, str]:
        """Where there is no journalctl here."""
        path = self.journalctl_path
        if self.root_path:
            path = str(Path(self.root_path) / path.lstrip("/"))
        if shutil.which(path) is not None:
            return {}
        return {
            "journalctl_path": f"there is no program {path} here: nothing is read until it is installed (package systemd)"
        }
