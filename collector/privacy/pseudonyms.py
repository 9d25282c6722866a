"""Keyed hashes in the place of people's values: the same for the same value of a domain, and nothing to guess from without the key.

The key is 32 random bytes in `privacy.key` of the data directory, made when it is first needed.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from collector.key_file import kept_key

FILE = "privacy.key"
_CHARACTERS = 32


class Pseudonyms:
    """Of one data directory. Raises `OSError` when its key can't be read or made."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._key = b""

    def of(self, domain: str, value: str) -> str:
        """32 hex digits for a value of a domain."""
        self._key = self._key or kept_key(self._root / FILE, "who was erased before is not known again")
        return hmac.new(self._key, f"{domain}\0{value}".encode(), hashlib.sha256).hexdigest()[:_CHARACTERS]
