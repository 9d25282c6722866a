"""Records to encode, and how long that takes: what the measurements of documents share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from collector.batch import LogBatch
from collector.cli.traffic.payloads import templates
from collector.component import Context, Processor
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage


def batch() -> LogBatch:
    """Ten thousand records of a shop's services, five attributes each, as they were received."""
    bodies = [template.numbered(at) for at, template in enumerate(templates(1, 500, 20))]
    entries = [Entry("j", at, "a.example", "otlp", body, 500, 1_800_000_000_000, b"") for at, body in enumerate(bodies)]
    return decode(entries).batch


def triaged() -> LogBatch:
    """The same with what categorize and triage add."""
    context = Context("bench", Path(__file__).parent)
    categorize: Processor = Categorize(CategorizeConfig(), context)
    triage: Processor = Triage(TriageConfig(), context)
    return triage.process(categorize.process(batch(), FakeWork()), FakeWork())


def micros(function: Callable[[], object], records: int, rounds: int = 9) -> float:
    """Least CPU time of some rounds, µs a record."""
    least = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        function()
        least = min(least, time.process_time() - began)
    return least / records * 1e6
