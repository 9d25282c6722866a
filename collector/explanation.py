"""What a processor can say about its decisions on one record; `logboom explain` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collector.batch import LogBatch


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


@runtime_checkable
class Explains(Protocol):
    """A processor that can explain itself."""

    def explain(self, batch: LogBatch) -> Sequence[Explanation]:
        """The evidence for a batch of one record, in the order in which it is asked."""
        ...
