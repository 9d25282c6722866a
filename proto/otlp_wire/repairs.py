"""What was put right in a request at the door, for the sender and for the counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

_LONGEST_PLACE = 300


class Reason(StrEnum):
    """Why a value could not be taken as it came."""

    TEXT = "text"  # not UTF-8, half a surrogate pair: U+FFFD stands for what can't be read
    NESTING = "nesting"  # nested too deeply: kept as its text
    ID = "id"
    TIME = "time"
    NUMBER = "number"
    TYPE = "type"  # another kind of value than belongs there
    REPEATED = "repeated"  # a second member of a oneof, or the same field in two spellings
    FRAMING = "framing"  # bytes that do not follow protobuf's framing inside one field


@dataclass(slots=True)
class Repairs:
    """Collected while a request is read.

    Args:
        rejected: records that were not taken.
        counts: places by reason, those of rejected records among them.
        first: the first place, and what became of it; never what was found there. Without counts, a remark on a request
            that was fine.
    """

    rejected: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    first: str = ""

    def __bool__(self) -> bool:
        return bool(self.first)

    def note(self, reason: Reason, place: str, what: str) -> None:
        """One more place; `what` completes the sentence."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        if not self.first:
            place = place.lstrip(".") or "the document"
            self.first = f"{place[:_LONGEST_PLACE]}{'…' if len(place) > _LONGEST_PLACE else ''} {what}"

    def message(self) -> str:
        """A sentence for the sender: the first place, and how many more there are."""
        others = sum(self.counts.values()) - 1
        parts = [self.first, f"{others} more like it" if others > 0 else ""]
        if self.rejected:
            parts.append(f"records not taken: {self.rejected}")
        return "; ".join(filter(None, parts))
