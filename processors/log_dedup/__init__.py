"""log_dedup: records that say the same within an interval become one, with their number."""

from collector.component import Factory, Kind
from processors.log_dedup.config import LogDedupConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="log_dedup",
    config=LogDedupConfig,
    behaviour="processors.log_dedup.processor:LogDedup",
    summary="makes one record of equal ones within an interval, and counts them",
    differs=("the interval of each domain begins with its first record, and what is held outlives a restart",),
)
