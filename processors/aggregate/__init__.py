"""aggregate: what need not be kept one by one is kept as counts, or in part."""

from collector.component import Factory, Kind
from processors.aggregate.config import AggregateConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="aggregate",
    config=AggregateConfig,
    behaviour="processors.aggregate.processor:Aggregate",
    summary="keeps counts of records, or some of them, by level and by pattern",
    takes_commands=tuple(f"logboom.command.pattern.{verb}" for verb in ("aggregate", "sample", "drop", "keep")),
)
