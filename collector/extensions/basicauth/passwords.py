"""Users and their hashed passwords, from a file and from text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from passlib.apache import htpasswd_context

from collector.errors import LogboomError
from collector.named_file import Version, version

_MOST_BYTES = 4 << 20
_CRYPT_CHARACTERS = 13


class Users:
    """Name → hash; the text's come before the file's.

    Args:
        inline: users, one a line.
        path: None for no file.
    """

    def __init__(self, inline: str, path: Path | None) -> None:
        self._path = path
        self._seen: Version | None = None
        self._inline = _parsed(inline)
        self.hashes: Mapping[str, str] = self._inline

    @property
    def of_anybody(self) -> str:
        """Some hash."""
        return next(iter(self.hashes.values()), "")

    @property
    def are_cheap(self) -> bool:
        """All can be verified in microseconds: SHA-1, or text in clear."""
        return not any(hashed.startswith("$") or len(hashed) == _CRYPT_CHARACTERS for hashed in self.hashes.values())

    def changed(self) -> bool:
        """Whether another file, or another text, stands there than was read last."""
        return self._path is not None and version(self._path) != self._seen

    def read(self) -> None:
        """Take the file over. Raises LogboomError, never with what stands in it; then all is as it was."""
        if self._path is None:
            return
        self._seen = version(self._path)  # before the reading: a change in between is seen the next time
        try:
            with self._path.open("rb") as file:
                text = file.read(_MOST_BYTES + 1).decode("utf-8", "replace")
        except OSError as error:
            raise LogboomError(f"the htpasswd file {self._path} cannot be read: {error.strerror}") from None
        found = _parsed(text)
        if len(text) > _MOST_BYTES or not found:
            raise LogboomError(f"the htpasswd file {self._path} must hold users, name:hash, one a line")
        self.hashes = {**found, **self._inline}


def is_right(password: str, hashed: str) -> bool:
    """Whether this is the password behind a hash. Takes as long as the hash wants: 2 µs to a tenth of a second."""
    try:
        return bool(htpasswd_context.verify(password, hashed))
    except (ValueError, TypeError):  # a hash that is none of Apache's, a password with a NUL
        return False


def _parsed(text: str) -> dict[str, str]:
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {
        name: hashed.partition(":")[0] if hashed.startswith("$") else hashed
        for name, _, hashed in pairs
        if name and hashed
    }
