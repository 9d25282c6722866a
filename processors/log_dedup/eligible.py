"""Which records are gathered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from collector.batch import LogBatch
from collector.ottl.question import YES, Question
from collector.ottl.statements import Level


def questions_of(conditions: Sequence[str]) -> list[Question]:
    """Raises `OttlError`."""
    found = [Question(text, Level.RECORD, stops=False, tells=False) for text in conditions]
    for question in found:
        question.check()
    return found


def eligible(batch: LogBatch, questions: Sequence[Question]) -> npt.NDArray[np.bool_]:
    """For each record whether a condition holds; one that can't be asked does not."""
    if not questions:
        return np.ones(len(batch), dtype=np.bool_)
    holds: npt.NDArray[np.bool_] = np.any([question.answers(batch)[0] == YES for question in questions], axis=0)
    return holds
