"""Statements over batches: `set(attributes["x"], …) where …`, a column at a time.

    text ──compiling──► `Statement` ──running──► the batch that it leaves

    editing.py     what each editor makes of a value
    compiling.py   the text → what it reads, when it runs, what it makes of its target; which context a group is about
    pool, maps     values by reference; the attribute maps of a level as arrays
    frame.py       a batch while statements run over it
    asking.py      conditions and expressions: once for each distinct combination of what they read
    running.py     groups of statements, over all rows statement by statement
    in_turn.py     groups that read what they write to a resource or a scope: record by record, as upstream does

Upstream runs all statements of a group on a record before the next record. Statement by statement over all records is the same,
unless a statement reads what those of other records write: then `in_turn` is used (`Group.in_turn`), some twenty times as slow.
"""

from collector.ottl.plain.places import Level
from collector.ottl.statements.compiling import Statement, compile_condition, compile_statement, inferred
from collector.ottl.statements.running import Group, Ran, run

__all__ = ["Group", "Level", "Ran", "Statement", "compile_condition", "compile_statement", "inferred", "run"]
