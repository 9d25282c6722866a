"""Small files that nobody else may read (0600), written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_new(path: Path, text: str) -> None:
    """Raises `OSError`: it is there already, or can't be made."""
    _write(path, text, os.O_EXCL)
    _sync(path.parent)


def replace(path: Path, text: str) -> None:
    """Put another one in its place: whoever reads it finds the one or the other. Raises `OSError`."""
    new = path.with_name(f".{path.name}.new")
    _write(new, text, os.O_TRUNC)
    new.replace(path)
    _sync(path.parent)


def _write(path: Path, text: str, flag: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
