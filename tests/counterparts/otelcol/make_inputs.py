"""What comparisons with the Collector send besides the hand-made `edges.jsonl`: the corpus and the demo's traffic, as they are today.

    python tests/counterparts/otelcol/make_inputs.py

Kept, because results are kept: after a change here `make compare` must follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import yaml

from collector.cli.traffic.payloads import templates
from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from counterparts.kept_results import write_lines
from otlp_wire import decode_payloads, encode_json
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage

TESTS = Path(__file__).parents[2]
INPUTS = TESTS / "golden" / "otelcol" / "inputs"
BEGAN = 1_767_225_600_000_000_001


def main() -> None:
    """Write both files."""
    write_lines(INPUTS / "corpus.jsonl.gz", corpus())
    write_lines(INPUTS / "traffic.jsonl.gz", traffic())


def corpus() -> Iterator[dict]:
    """One request a file of the corpus, as it leaves triage."""
    context = Context("compare", TESTS)
    steps = (Categorize(CategorizeConfig(), context), Triage(TriageConfig(), context))
    for path in sorted((TESTS / "corpus" / "records").glob("*.yaml")):
        batch = batch_of(list(_samples(yaml.safe_load(path.read_text("utf-8")))))
        for step in steps:
            batch = step.process(batch, FakeWork())
        yield {"name": f"corpus {path.stem}", "request": orjson.loads(encode_json(batch))}


def _samples(systems: list[dict]) -> Iterator[dict]:
    records = [(system, record) for system in systems for record in system["records"]]
    for number, (system, record) in enumerate(records):
        sample = {key: value for key, value in record.items() if key != "expect"}
        sample["resource"] = {**system.get("resource", {}), **sample.get("resource", {})}
        scope = {"scope": system["scope"]} if "scope" in system else {}
        yield {**scope, **sample, "time_unix_nano": BEGAN + number * 1_000_000_007}


def traffic() -> Iterator[dict]:
    """Forty requests of `logboom demo`, 25 records each."""
    for number, template in enumerate(templates(7, 25, 40)):
        batch = decode_payloads([template.numbered(number)])
        yield {"name": f"traffic {number}", "request": orjson.loads(encode_json(batch))}


if __name__ == "__main__":
    main()
