"""The conditions of `filter`, compiled."""

from __future__ import annotations

from collector.ottl.question import Question
from collector.ottl.statements import Level, inferred
from processors.filter.config import Conditions, FilterConfig


def questions_of(config: FilterConfig) -> list[Question]:
    """Raises `OttlError`."""
    found: list[Question] = []
    for one in config.log_conditions:
        group = Conditions(conditions=[one]) if isinstance(one, str) else one
        mode = group.error_mode or config.error_mode
        context = Level(group.context) if group.context else inferred([], group.conditions)
        found += [_question(text, context, mode) for text in group.conditions]
    if config.logs is not None:
        written = (
            (Level.RESOURCE, config.logs.resource),
            (Level.SCOPE, config.logs.scope),
            (Level.RECORD, config.logs.log_record),
        )
        found += [_question(text, context, config.error_mode) for context, texts in written for text in texts]
    for question in found:
        question.check()
    return found


def _question(text: str, context: Level, mode: str) -> Question:
    return Question(text, context, stops=mode == "propagate", tells=mode != "silent")
