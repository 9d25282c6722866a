"""Who sends what a receiver reads by itself (a file, a journal): nobody."""

from __future__ import annotations

from collections.abc import Sequence


class Nobody:
    """The facts of a request that nobody sent, or nobody who says who it is: `host` is whose the records are."""

    def __init__(self, host: str, peer: str = "") -> None:
        self.host = host
        self._peer = peer

    def header(self, name: str) -> str | None:  # noqa: ARG002
        """None."""
        return None

    def values(self, name: str) -> Sequence[str]:  # noqa: ARG002
        """None."""
        return ()

    def parameters(self, name: str) -> Sequence[str]:  # noqa: ARG002
        """None."""
        return ()

    def peer(self) -> str:
        """The address, where one is known."""
        return self._peer

    def certificate(self) -> None:
        """None."""
