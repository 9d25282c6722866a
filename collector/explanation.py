"""What a processor can say about its decisions on one record; `logboom explain` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Explanation:
    """One piece of evidence for one answer.

    Args:
        subject: what is decided, mostly the name of an attribute (`logboom.component`).
        answer: the value it speaks for; None = it says nothing.
        because: the evidence (`resource attribute service.name`) or the rule.
        decides: whether it is the one that counted.
        details: more to show: the condition, why, what to try.
    """

    subject: str
    answer: str | None
    because: str
    decides: bool = False
    details: Mapping[str, str] = field(default_factory=dict)
