"""What is kept of the link to an OpAMP server in the data directory:

DIR/opamp/<extension>.uid    the id of this instance
DIR/opamp/<extension>.lock   held by the process that talks: a successor waits for it
DIR/opamp/offered.json       the configuration that the server gave last
DIR/opamp/remote.json        the one that runs, or ran: what a start begins with
DIR/opamp/outcome.json       what became of the last offer

Written whole or not at all, for this user alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

FOLDER = "opamp"
Status = Literal["APPLIED", "APPLYING", "FAILED"]
_LONGEST_REASON = 4096


@dataclass(frozen=True, slots=True)
class KeptConfig:
    """A configuration of the server's: the hash by which it knows it, in hex, and its files."""

    hash: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an offer."""

    hash: str
    status: Status
    error: str = ""


class OpampFolder:
    """The folder in the data directory `root`. Everything that writes raises OSError."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER

    def offered(self) -> KeptConfig | None:
        """The last offer."""
        return _config(self._read("offered.json"))

    def remote(self) -> KeptConfig | None:
        """The configuration that is laid over that of this machine."""
        return _config(self._read("remote.json"))

    def offer(self, config: KeptConfig) -> None:
        """Keep an offer, which is to be tried."""
        self._write("offered.json", {"hash": config.hash, "files": dict(config.files)})
        self.say(Outcome(config.hash, "APPLYING"))

    def take(self, config: KeptConfig) -> None:
        """It runs: the next start begins with it."""
        self._write("remote.json", {"hash": config.hash, "files": dict(config.files)})
        self.say(Outcome(config.hash, "APPLIED"))

    def say(self, outcome: Outcome) -> None:
        """What became of an offer."""
        told = {"hash": outcome.hash, "status": outcome.status, "error": outcome.error[:_LONGEST_REASON]}
        self._write("outcome.json", told)

    def outcome(self) -> Outcome | None:
        """What became of the last offer; None: there was none."""
        told = self._read("outcome.json")
        try:
            return None if told is None else Outcome(str(told["hash"]), told["status"], str(told["error"]))
        except KeyError:
            return None

    def began(self) -> None:
        """At a start: what was under way when the service ended has become nothing, and the server offers it again."""
        outcome = self.outcome()
        if outcome is None or outcome.status != "APPLYING":
            return
        kept = self.remote()
        if kept is None:
            (self._folder / "outcome.json").unlink(missing_ok=True)
        else:
            self.say(Outcome(kept.hash, "APPLIED"))

    def uid(self, extension: str) -> bytes:
        """The id of this instance, made when it is first needed."""
        file = self._folder / f"{_safe(extension)}.uid"
        with contextlib.suppress(OSError, ValueError):
            return uuid.UUID(file.read_text().strip()).bytes
        made = new_uid()
        self.keep_uid(extension, made)
        return made

    def keep_uid(self, extension: str, uid: bytes) -> None:
        """The server has given another one."""
        self._put(f"{_safe(extension)}.uid", f"{uuid.UUID(bytes=uid)}\n")

    def lock(self, extension: str) -> int:
        """A descriptor that holds the right to talk, until it is closed. Raises BlockingIOError: another process holds it."""
        self._made()
        file = os.open(self._folder / f"{_safe(extension)}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise
        return file

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            told = json.loads((self._folder / name).read_bytes())
        except (OSError, ValueError):
            return None
        return told if isinstance(told, dict) else None

    def _write(self, name: str, told: Mapping[str, Any]) -> None:
        self._put(name, json.dumps(told))

    def _put(self, name: str, text: str) -> None:
        self._made()
        own = self._folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            own.replace(self._folder / name)
        finally:
            own.unlink(missing_ok=True)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _made(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def new_uid() -> bytes:
    """A UUID of version 7: it begins with the time."""
    stamp = time.time_ns() // 1_000_000
    number = (stamp & (1 << 48) - 1) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 7 << 76
    return (number & ~(3 << 62) | 2 << 62).to_bytes(16, "big")


def _safe(extension: str) -> str:
    return quote(extension, safe="")


def _config(told: dict[str, Any] | None) -> KeptConfig | None:
    if told is None or not isinstance(told.get("files"), dict):
        return None
    return KeptConfig(str(told.get("hash", "")), {str(name): str(text) for name, text in told["files"].items()})
