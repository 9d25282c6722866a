"""What this data directory keeps for the archive: a name of its own, and whose turn it is to keep the archive up."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

_BYTES = 5


class Home:
    """`DIR/archive/<exporter>/`."""

    def __init__(self, data_dir: Path, exporter: str) -> None:
        self.folder = data_dir / "archive" / quote(exporter, safe="")

    def staging(self, partition: int) -> Path:
        """What waits to be written, of one partition."""
        return self.folder / f"staging-{partition}"

    def identity(self) -> str:
        """Drawn when it is first asked for; the same in all processes. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / "name"
        drawn = self.folder / f".name.{secrets.token_hex(4)}"
        if not path.exists():
            with drawn.open("w") as file:
                file.write(secrets.token_hex(_BYTES))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(drawn, path)
            except FileExistsError:
                pass  # another process was faster
            finally:
                drawn.unlink()
        return path.read_text()

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether it is this process's; nobody else's meanwhile."""
        descriptor = os.open(self.folder / "upkeep", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)
