"""Legal holds: what must not be deleted, whoever asks."""

from __future__ import annotations

from collections.abc import Callable

Held = Callable[[str, str | None], str]
"""(domain, level; None = any of its levels) → why it is held; empty: it is not."""


def nothing_held(domain: str, level: str | None) -> str:  # noqa: ARG001
    """No hold is configured."""
    return ""
