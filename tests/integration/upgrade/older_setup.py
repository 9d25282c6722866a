"""What the packed data directory and the test that opens it agree on: pipelines, quotas, clock, triage rule."""

from __future__ import annotations

from pathlib import Path

from collector.component import Context
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from counterparts.partition_bench import START_UNIX_MS
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage

RULE = {
    "id": "own/often",
    "when": 'IsMatch(body, "failed login")',
    "level": "critical",
    "count": {"more_than": 5, "within": "10m", "per": ["domain"]},
}
PLAN = LedgerPlan(
    (
        PipelinePlan("logs", frozenset({"otlp"}), ("sqlite", "slow")),
        PipelinePlan("raw", frozenset({"otlp"}), ("forward",), passthrough=True),
    ),
    {"slow": Quota(max_bytes=2000, on_full="spill")},
    max_bytes=16 << 20,
)


def now_unix_ms() -> int:
    """The clock stands still: nothing in the directory grows old."""
    return START_UNIX_MS


def now_unix_nano() -> int:
    """The same."""
    return START_UNIX_MS * 1_000_000


def processors(root: Path) -> list[tuple[str, Categorize | Triage]]:
    """Those of `logs`, which keep state: values of categories, and matches of a rule that counts."""
    return [
        ("categorize", Categorize(CategorizeConfig(), Context(id="categorize", data_dir=root, pipeline="logs"))),
        ("triage", Triage(TriageConfig.model_validate({"rules": [RULE]}), Context("triage", root, "logs"))),
    ]
