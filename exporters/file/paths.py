"""Which file a value of `group_by` names: always one that can be, always inside the folder.

A sender chooses the value, so it must not choose anything else: no other folder, no name that the file system refuses, no
folder in the place of another value's file, no number of files without bound.
"""

from __future__ import annotations

import hashlib
import threading

MISSING = "MISSING"
"""Records without the attribute, or with a value that names nothing."""
OVERFLOW = "OVERFLOW"
"""Values beyond `max_values`."""

_LONGEST_NAME = 255  # bytes; of every usual file system
_LONGEST_PATH = 4000  # bytes; PATH_MAX is 4096 with the NUL
_DEEPEST = 16
_BACKUP_STAMP = 40  # what rotation puts into the name


class Paths:
    """Value → path, for at most `most` values. Thread-safe.

    Args:
        template: the path with one `*`.
        rotates: names leave room for those of backups.
        most: how many values get a file of their own.
    """

    def __init__(self, template: str, *, rotates: bool, most: int) -> None:
        before, after = template.split("*")
        self.folder = before.rpartition("/")[0] or ("/" if before.startswith("/") else ".")
        self._template = template
        self._prefix = before.rpartition("/")[2]
        self._suffix, _, below = after.partition("/")
        self._below = below.partition("/")[0]
        self._room = _LONGEST_PATH - len(template.encode())
        self._stamp = _BACKUP_STAMP if rotates else 0
        self._most = most
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def of(self, value: str) -> str:
        """The path for `value`."""
        with self._lock:
            known = self._known.get(value)
            if known is not None:
                return known
            if len(self._known) >= self._most:
                return self._at(OVERFLOW)
            self._known[value] = path = self._at(self._name(value))
            return path

    def _at(self, name: str) -> str:
        return self._template.replace("*", name)

    def _name(self, value: str) -> str:
        parts = [part for part in value.replace("\0", "").split("/") if part not in ("", ".", "..")]
        if not parts:
            return MISSING
        folders = [self._folder(part, first=not at) for at, part in enumerate(parts[:-1])]
        fixed = len(self._suffix.encode()) + (0 if folders else len(self._prefix.encode()))
        last = _cut(parts[-1], _LONGEST_NAME - 1 - fixed - self._stamp)
        name = "/".join([*folders, f"{last}_" if self._below and last == self._below else last])
        if len(parts) > _DEEPEST or len(name.encode()) > self._room:
            return _digest(value)
        return name

    def _folder(self, part: str, *, first: bool) -> str:
        """A folder never has a name that another value's file could have."""
        cut = _cut(part, _LONGEST_NAME - 1 - (len(self._prefix.encode()) if first else 0))
        taken = cut.endswith(self._suffix) if self._suffix else cut == self._below
        return f"{cut}_" if taken else cut


def _cut(name: str, most: int) -> str:
    """At most `most` bytes, and still another name for another value."""
    data = name.encode()
    if len(data) <= most:
        return name
    digest = _digest(name)
    return data[: max(0, most - len(digest) - 1)].decode(errors="ignore") + "~" + digest


def _digest(value: str) -> str:
    return hashlib.blake2b(value.encode(), digest_size=16).hexdigest()
