"""A condition, asked of records: in the words of `filter` and `transform`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from collector.batch import LogBatch
from collector.ottl.plain.places import Level
from collector.ottl.statements import compile_condition, inferred
from collector.ottl.statements.asking import YES, Asking
from collector.ottl.statements.frame import Frame


@cache
def condition(text: str) -> Callable[[LogBatch], list[bool]]:
    """One answer a record; an error is no. Raises `OttlError`."""
    level = inferred([], [text])
    test = compile_condition(text, level)

    def ask(batch: LogBatch) -> list[bool]:
        frame = Frame(batch)
        answers = Asking(frame, level).answers(test, np.arange(frame.height(level)))
        positions = frame.positions(Level.RECORD, level)
        found = answers if positions is None else answers[positions]
        return [bool(answer == YES) for answer in found]

    return ask
