"""What an operator is: it works on some entries of a frame at once, and says which of them it could not do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from collector.stanza.columns import Rows
from collector.stanza.frame import Frame
from collector.stanza.problems import OperatorError

Mask = npt.NDArray[np.bool_]
NO_ROWS: Rows = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of entries.

    Args:
        on: those that go on, done.
        failed: those that could not be done: they go on as they are, or are dropped, as `on_error` says.
        to: where others go, by the id of an operator; those that are nowhere are dropped.
        reason: why they failed, for the log.
    """

    on: Rows
    failed: Rows = field(default_factory=lambda: NO_ROWS)
    to: Sequence[tuple[Sequence[str], Rows]] = ()
    reason: str = ""


def done(rows: Rows, failed: Mask, reason: str = "") -> Done:
    """Some of the rows failed."""
    return Done(rows[~failed], rows[failed], reason=reason) if failed.any() else Done(rows)


class Operator(Protocol):
    """One step."""

    def apply(self, frame: Frame, rows: Rows) -> Done: ...


class Options:
    """The options of an operator, each taken once: what is left was not known."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._left = dict(given)

    def take(self, name: str, default: Any = None) -> Any:
        """What was given; null is as if it was not."""
        value = self._left.pop(name, None)
        return default if value is None else value

    def has(self, name: str) -> bool:
        return self._left.get(name) is not None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Raises `OperatorError`: no boolean."""
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise OperatorError(f"{name} is true or false, not {value!r}")
        return value

    def number(self, name: str, default: int) -> int:
        """Raises `OperatorError`: no whole number from 0 on."""
        value = self.take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise OperatorError(f"{name} is a whole number, not {value!r}")
        return value

    def end(self) -> None:
        """Raises `OperatorError`: there was more."""
        if self._left:
            raise OperatorError(f"unknown option {', '.join(sorted(self._left))}")


Make = Callable[[Options], Operator]
