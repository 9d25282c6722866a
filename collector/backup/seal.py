"""The seam for encryption: what leaves for a target goes through a seal, what comes back too.

There is one, `PLAIN`; a backup names the seal that it was made with. One that encrypts with a key of the door needs these two
methods and a name in `SEALS`, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from collector.backup.errors import BackupError


class Seal(Protocol):
    """Any thread. `name` says which it is, in the backup."""

    name: str

    def close(self, content: bytes) -> bytes:
        """What is kept elsewhere in its place."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """The content. Raises `BackupError` when it was not sealed by this one."""
        ...


class Plain:
    """Nothing is encrypted: whoever reads the target reads the records."""

    name = "none"

    def close(self, content: bytes) -> bytes:
        """See `Seal.close`."""
        return content

    def open(self, sealed: bytes) -> bytes:
        """See `Seal.open`."""
        return sealed


PLAIN: Seal = Plain()
SEALS: Mapping[str, Seal] = {PLAIN.name: PLAIN}


def seal_of(name: str) -> Seal:
    """Raises `BackupError`: this logboom has no such seal."""
    if name not in SEALS:
        raise BackupError(f"the backup is sealed by {name!r}, which this version of logboom does not know: upgrade it")
    return SEALS[name]
