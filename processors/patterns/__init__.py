"""patterns: what is said again and again, found while it is said: each record's pattern, and how patterns vary."""

from collector.component import Factory, Kind
from processors.patterns.config import PatternsConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="patterns",
    config=PatternsConfig,
    behaviour="processors.patterns.processor:Patterns",
    summary="finds the pattern of each record: its text without what varies",
)
