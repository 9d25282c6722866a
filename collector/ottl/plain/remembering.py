"""What costly converters made of a text, for the other statements that ask the same of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MOST = 16 << 20
"""Characters of arguments that are kept; beyond, all is forgotten."""


class Remembered:
    """`call`, once for the same arguments until `forget`. What it gives is shared, and changed by nobody."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._kept: dict[tuple[Any, ...], Any] = {}
        self._size = 0
        _all.append(self)

    def __call__(self, *arguments: Any) -> Any:
        try:
            if arguments in self._kept:
                return self._kept[arguments]
        except TypeError:  # a list among them
            return self._call(*arguments)
        found = self._call(*arguments)
        self._size += len(arguments[0]) if isinstance(arguments[0], str) else 64
        if self._size > _MOST:
            self.forget()
        self._kept[arguments] = found
        return found

    def forget(self) -> None:
        """All of it."""
        self._kept.clear()
        self._size = 0


_all: list[Remembered] = []


def forget() -> None:
    """What was kept for one batch."""
    for one in _all:
        one.forget()
