"""The key by which links of a data directory are signed: 32 random bytes in `links.key`, made when it is first needed."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

FILE = "links.key"
_BYTES = 32


def data_key(root: Path) -> bytes:
    """The key of the data directory `root`, the same in all its processes. Raises `OSError`."""
    path = root / FILE
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    own = root / f".{FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was faster: its key is the one
            os.link(own, path)
    finally:
        own.unlink(missing_ok=True)
    return _read(path)


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) < _BYTES:
        raise OSError(f"{path} holds no key: remove it, and a new one is made; links that were sent do nothing then")
    return key
