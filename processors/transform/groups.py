"""The options of `transform`, compiled."""

from __future__ import annotations

from collector.ottl.statements import Group, Level, compile_condition, compile_statement, inferred
from processors.transform.config import Statements, TransformConfig


def groups_of(config: TransformConfig) -> list[Group]:
    """Statements that stand alone share a cache, and each has the context that its own paths name.

    Raises:
        OttlError: the first mistake, with its place in the text.
    """
    groups: list[Group] = []
    for one in config.log_statements:
        alone = isinstance(one, str)
        group = Statements(statements=[one]) if isinstance(one, str) else one
        mode = group.error_mode or config.error_mode
        context = Level(group.context) if group.context else inferred(group.statements, group.conditions)
        groups.append(
            Group(
                context,
                tuple(compile_statement(text, context) for text in group.statements),
                tuple(compile_condition(text, context) for text in group.conditions),
                shares_cache=alone and bool(groups),
                stops=mode == "propagate",
                tells=mode != "silent",
            )
        )
    return groups
