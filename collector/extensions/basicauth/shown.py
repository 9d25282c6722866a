"""The name and the password that exporters show, from the options or from files that others rewrite."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from collector.errors import LogboomError
from collector.extensions.basicauth.config import ClientAuth
from collector.named_file import Version, version


class Shown:
    """The header of requests."""

    def __init__(self, config: ClientAuth) -> None:
        self._written = (config.username, config.password.get_secret_value())
        self._paths = [Path(name) if name else None for name in (config.username_file, config.password_file)]
        self._seen: list[Version | None] = []
        self.headers: Mapping[str, str] = {}

    def changed(self) -> bool:
        """Whether a file is another one than was read last."""
        return self._versions() != self._seen

    def read(self) -> None:
        """Raises LogboomError: a file can't be read, or there is no name in it."""
        self._seen = self._versions()
        user, password = (
            _text(path) if path is not None else written
            for path, written in zip(self._paths, self._written, strict=True)
        )
        if not user or ":" in user:
            raise LogboomError("the name of basicauth must not be empty, nor hold a colon (RFC 7617)")
        self.headers = {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}

    def _versions(self) -> list[Version | None]:
        return [version(path) for path in self._paths if path is not None]


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise LogboomError(f"{path} cannot be read: {reason}") from None
