"""The block `service.encryption`."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator, model_validator

from collector.component import Config
from collector.encryption.keys import DAY_SECS
from collector.encryption.place import KeyPlace, default_keys
from collector.units import Duration, LongDuration

if TYPE_CHECKING:
    from collector.encryption.key_ring import KeyRing  # loads cryptography and SQLite, which few configurations need


class MasterKeyConfig(Config):
    """Where the master key comes from: one of `file`, `environment`, `command` and `plugin`. It is 32 bytes in base64 or hexadecimal digits;
    after a rotation the older ones may stand behind it, a line each."""

    file: Path | None = None
    """A file that nobody else may read (mode 0600); `logboom master-key create FILE` makes one."""
    environment: str | None = Field(None, min_length=1)
    """The name of an environment variable that holds it."""
    command: list[str] | None = Field(None, min_length=1)
    """A command with its arguments that prints it, such as a secret manager's client; no shell is started."""
    plugin: str | None = Field(None, min_length=1)
    """A plugin for a key management service (an entry point of `logboom.master_keys`)."""
    options: dict[str, Any] = {}
    """Options of the plugin."""
    timeout: Duration = Field(10.0, gt=0, le=60)
    """How long the command may take."""

    @field_validator("command", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return shlex.split(value) if isinstance(value, str) else value

    @field_validator("file", "environment", "plugin")
    @classmethod
    def _no_key(cls, value: Any) -> Any:
        from collector.encryption.master_key import is_key

        if value is not None and is_key(str(value)):
            raise ValueError("this is a key itself, which belongs in no configuration: write where it comes from")
        return value

    @field_validator("plugin")
    @classmethod
    def _there(cls, value: str | None) -> str | None:
        from collector.encryption.sources import source

        if value is not None:
            source(value)
        return value

    @model_validator(mode="after")
    def _one(self) -> MasterKeyConfig:
        given = [name for name in ("file", "environment", "command", "plugin") if getattr(self, name) is not None]
        if len(given) != 1:
            found = f"not {' and '.join(given)} together" if given else "none is there"
            raise ValueError(f"the master key comes from one of file, environment, command and plugin: {found}")
        if self.options and self.plugin is None:
            raise ValueError("options are of a plugin")
        return self

    def source(self) -> tuple[str, Mapping[str, object]]:
        """Its name, and its options."""
        if self.file is not None:
            return "file", {"path": str(self.file.absolute())}
        if self.environment is not None:
            return "environment", {"variable": self.environment}
        if self.command is not None:
            return "command", {"command": self.command, "timeout": self.timeout}
        return self.plugin or "", self.options

    def lacking(self) -> Iterator[str]:
        """What is not on this machine now, a sentence each."""
        if self.file is not None and not self.file.exists():
            yield f"master_key.file: {self.file} is not there: `logboom master-key create {self.file}` makes one"
        if self.environment is not None and self.environment not in os.environ:
            yield f"master_key.environment: {self.environment} is not set here"
        if self.command is not None and shutil.which(self.command[0]) is None:
            yield f"master_key.command: {self.command[0]} is not on the PATH here"


class EncryptionConfig(Config):
    """The `encryption:` block: what waits on disk is encrypted with keys of its domain, which the master key wraps; absent = nothing is."""

    master_key: MasterKeyConfig
    """What wraps all keys; it is in no file of logboom's."""
    keys: Path | None = None
    """The file of the wrapped keys; absent: `keys.db` in the data directory. Backups leave it out: copy it elsewhere."""
    destroy_after: LongDuration | None = Field(None, ge=2 * DAY_SECS)
    """Keys of days older than that are destroyed, and with them whatever they encrypted, wherever it lies: entries that still wait, dead
    letters, fields in stores and archives, copies of all of them. Absent = they are kept."""

    def place(self, root: Path) -> KeyPlace:
        """For the data directory `root`."""
        name, options = self.master_key.source()
        keys = default_keys(root) if self.keys is None else self.keys
        return KeyPlace(keys.absolute(), name, options)


def key_ring(config: EncryptionConfig | None, root: Path) -> KeyRing | None:
    """The keys of a process: those of the configuration, or, where it encrypts nothing (any more), of what was encrypted before."""
    if config is not None:
        return config.place(root).ring()
    place = KeyPlace.remembered(root)
    return None if place is None else place.ring(seals=False)
