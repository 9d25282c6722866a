"""What is known of a fault: what changed, who is suspected, what probably caused it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.causes.onset import Window


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that changed.

    Args:
        kind: `deployment`, `values`, `pattern`, `service` or `measure`.
        sentence: for people.
        confidence: 0 to 1.
        subject: what it is about, by field.
        counts: the numbers that the sentence stands on.
    """

    kind: str
    sentence: str
    confidence: float
    subject: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A service where the fault may be. `parts`: what its score is made of (`ranking.PARTS`)."""

    service: str
    score: float
    sentence: str
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cause:
    """What is known of a fault. `sentence` and `confidence` are empty and 0 where nothing is sure enough to be told as its cause."""

    window: Window
    sentence: str = ""
    confidence: float = 0.0
    suspects: Sequence[Suspect] = ()
    findings: Sequence[Finding] = ()
    records: int = 0

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "since_unix_nano": self.window.since,
            "until_unix_nano": self.window.until,
            "records": self.records,
            "cause": self.sentence or None,
            "confidence": round(self.confidence, 3),
            "suspects": [
                {"service": one.service, "score": round(one.score, 4), "because": one.sentence,
                 "parts": {name: round(part, 4) for name, part in one.parts.items()}}
                for one in self.suspects
            ],
            "changed": [
                {"kind": one.kind, "sentence": one.sentence, "confidence": round(one.confidence, 3),
                 "subject": dict(one.subject), "counts": dict(one.counts)}
                for one in self.findings
            ],
        }  # fmt: skip
