"""What is wrong with operators, and with what they are given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class OperatorError(ValueError):
    """A configuration of operators that can't be."""


class Failed(Exception):
    """An entry that an operator can't do: `on_error` says what becomes of it. The reason never quotes the entry."""


@contextmanager
def within(name: str) -> Iterator[None]:
    """Whose mistake it is."""
    try:
        yield
    except OperatorError as error:
        raise OperatorError(f"{name}: {error}") from None
