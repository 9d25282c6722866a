"""The key by which links of a data directory are signed: 32 random bytes in `links.key`, made when it is first needed."""

from __future__ import annotations

from pathlib import Path

from collector.key_file import kept_key

FILE = "links.key"


def data_key(root: Path) -> bytes:
    """The key of the data directory `root`, the same in all its processes. Raises `OSError`."""
    return kept_key(root / FILE, "links that were sent do nothing then")
