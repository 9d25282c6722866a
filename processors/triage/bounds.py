"""What a program says of itself leads: the level that a rule may give to a record of a severity.

Rules that are `bounded` give a record that says less than ERROR at most `warning`, and one that says CRITICAL or FATAL at
least `critical`. A record without a severity says nothing, so it is bounded by nothing.

| the record says | at least | at most |
| --- | --- | --- |
| nothing | | |
| TRACE to WARN4 (1 to 16) | | warning |
| ERROR (17) | | |
| 18 and above, or a text of critical, alert, emergency, fatal or panic in any language | critical | |
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from collector.batch import LogBatch
from collector.columns.dictionary import encode
from collector.columns.memo import each
from collector.levels import CRITICAL, ERROR, TRACE
from collector.severity_words import says_critical
from processors.triage.config import Level, Rule

NOTHING, LESS, AN_ERROR, THE_WORST = range(4)
CLASSES = 4
Classes = npt.NDArray[np.int64]

_says_critical = each(says_critical)


def classes(batch: LogBatch) -> Classes:
    """What each record says of itself."""
    numbers = batch.column("severity_number").to_numpy()
    said = (numbers >= TRACE).astype(np.int64) + (numbers >= ERROR) + (numbers >= CRITICAL)
    texts = encode(batch.column("severity_text"))
    worst = np.array([*_says_critical(texts.values.to_pylist()), False], dtype=np.bool_)
    return np.where(worst[texts.codes], THE_WORST, said) if worst.any() else said


def level(rule: Rule, said: int) -> Level:
    """The level that a rule gives to a record."""
    if not rule.bounded:
        return rule.level
    if said == THE_WORST:
        return Level.CRITICAL
    return Level.WARNING if said == LESS and rule.level is Level.CRITICAL else rule.level


def action(rule: Rule, said: int) -> str:
    """What the record asks for: the rule's own action stands for the rule's own level."""
    given = level(rule, said)
    return rule.asks_for if given is rule.level else given.action
