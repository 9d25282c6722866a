"""triage: the level of each record, what it asks for, and the rule that decided."""

from collector.component import Factory, Kind
from processors.triage.config import TriageConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="triage",
    config=TriageConfig,
    behaviour="processors.triage.processor:Triage",
    summary="Judges records: critical, warning, info or debug, by rules with a reason and a suggestion.",
)
