"""A file of tokens, one a line, that others rewrite or replace while we run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from collector.errors import LogboomError
from collector.extensions.bearertokenauth.config import is_token
from collector.named_file import Version, version

_MOST_BYTES = 4 << 20


class TokenFile:
    """Reads it, and knows when it has changed: whatever its times say, and also when a link in its path leads elsewhere."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: Version | None = None

    @property
    def changed(self) -> bool:
        """Whether another file, or another text, stands there than was read last."""
        return version(self._path) != self._seen

    def read(self) -> Sequence[str]:
        """The tokens, at least one.

        Raises:
            LogboomError: no file, no token in it, or what is no token; never with what stands in it.
        """
        self._seen = version(self._path)  # before the reading: a change in between is seen the next time
        try:
            with self._path.open("rb") as file:
                text = file.read(_MOST_BYTES + 1).decode("ascii", "replace")
        except OSError as error:
            raise LogboomError(f"the token file {self._path} cannot be read: {error.strerror}") from None
        tokens = [line for line in map(str.strip, text.splitlines()) if line]
        if len(text) > _MOST_BYTES or not tokens or not all(map(is_token, tokens)):
            raise LogboomError(f"the token file {self._path} must hold tokens, one a line, in ASCII without spaces")
        return tokens
