"""A condition about records, their scopes or resources, asked of all records of a batch: as an expression over columns where it can be one, else
once for each distinct value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from collector.batch import LogBatch
from collector.client_info import Wanted
from collector.ottl import Condition, OttlError
from collector.ottl import compile_condition as as_columns
from collector.ottl.plain.conditions import Test, places_of
from collector.ottl.plain.places import asked_of_clients
from collector.ottl.statements import Level, compile_condition
from collector.ottl.statements.asking import Asking
from collector.ottl.statements.frame import Frame

Answers = npt.NDArray[np.int8]
YES, NO, WRONG = 1, 0, -1


@dataclass(frozen=True)
class Question:
    """A condition that a processor asks.

    Args:
        text: as written.
        context: what it is about.
        stops: an error of it drops the payload; `tells`: it is told.
    """

    text: str
    context: Level
    stops: bool
    tells: bool

    @cached_property
    def _test(self) -> Test:
        return compile_condition(self.text, self.context)

    @cached_property
    def _columns(self) -> Condition | None:
        if self.context is not Level.RECORD:
            return None
        try:
            return as_columns(self.text)
        except OttlError:
            return None

    def check(self) -> None:
        """Raises `OttlError`."""
        assert self._test is not None

    @property
    def asks_of_clients(self) -> Wanted:
        """What it reads of requests."""
        return asked_of_clients(places_of(self._test))

    def answers(self, batch: LogBatch) -> tuple[Answers, str]:
        """`YES`, `NO` or `WRONG` for each record, and why it was wrong, as far as that is known."""
        if self._columns is not None:
            found = self._columns.evaluate(batch)
            return found.cast(int).fill_null(WRONG).to_numpy().astype(np.int8), "a value of a kind that does not fit"
        frame = Frame(batch)
        asking = Asking(frame, self.context)
        own = asking.answers(self._test, np.arange(frame.height(self.context)))
        positions = frame.positions(Level.RECORD, self.context)
        return (own if positions is None else own[positions]), asking.reason
