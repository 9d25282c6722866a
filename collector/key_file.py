"""A secret of a data directory: random bytes in a file of its own, made when it is first needed, the same in all processes."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

BYTES = 32


def kept_key(path: Path, lost: str) -> bytes:
    """The bytes at `path`, 0600, made where there are none. `lost`: what a new one would end, for the sentence of an error.

    Raises:
        OSError: it can't be read or made, or holds no key.
    """
    with contextlib.suppress(FileNotFoundError):
        return _read(path, lost)
    own = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was faster: its key is the one
            os.link(own, path)
    finally:
        own.unlink(missing_ok=True)
    return _read(path, lost)


def _read(path: Path, lost: str) -> bytes:
    key = path.read_bytes()
    if len(key) < BYTES:
        raise OSError(f"{path} holds no key: remove it, and a new one is made; {lost}")
    return key
