"""Origins of web pages (`https://shop.example`), with `*` for a part of a host: which of them a request comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_ORIGIN = re.compile(
    r"(https?|\*)://([A-Za-z0-9*_.-]+|\[[0-9a-fA-F:.]+\])(:(\d{1,5}|\*))?|\*|[a-z][a-z0-9+.-]*-extension://[\w-]+"
)


def checked_origin(text: str) -> str:
    """Raises ValueError for what no browser sends as `Origin`."""
    if not _ORIGIN.fullmatch(text):
        raise ValueError(f"{text!r} is no origin: write it as https://shop.example, without a path")
    return text.lower()


def is_among(origin: str | None, allowed: Sequence[str]) -> bool:
    """Whether one of `allowed` means this page; none does without an `Origin`."""
    return origin is not None and _compiled(tuple(allowed)).fullmatch(origin) is not None


@lru_cache(256)
def _compiled(allowed: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(_wildcard(origin) for origin in allowed), re.IGNORECASE)


def _wildcard(origin: str) -> str:
    """`*` stands within a host: never for what ends it."""
    return ".*" if origin == "*" else "[^/?#@]*".join(re.escape(part) for part in origin.split("*"))
