"""The same records give the same bytes of syslog as a real OpenTelemetry Collector's syslog exporter.

What it writes is kept in tests/golden/otelcol/syslog (`make compare` makes it anew, by a Collector of the release that
VERSION names).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import orjson
import pytest

from counterparts.kept_results import Differences, read_lines
from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Encoder
from otlp_wire import decode_payloads, json_to_protobuf

KEPT = Path(__file__).parents[1] / "golden" / "otelcol"
VARIANTS = json.loads((KEPT / "syslog" / "variants.json").read_text())
DIFFERENCES = Differences(KEPT / "syslog" / "differences.yaml", VARIANTS)
RUNS = [(variant, file) for variant, told in VARIANTS.items() for file in told["inputs"]]


@cache
def results(variant: str, file: str) -> dict[str, tuple[str, str]]:
    """By input the bytes that logboom writes, and the Collector's."""
    encoder = Encoder(
        SyslogConfig.model_validate(
            {"endpoint": "127.0.0.1", **VARIANTS[variant]["alike"], **VARIANTS[variant]["options"]}
        )
    )
    inputs = read_lines(KEPT / "inputs" / file)
    kept = {line["name"]: line["sent"] for line in read_lines(KEPT / "syslog" / f"{variant}.jsonl")}
    assert list(kept) == [line["name"] for line in inputs], "run `make compare`: inputs have changed"
    batch = decode_payloads([json_to_protobuf(orjson.dumps(line["request"])) for line in inputs])
    messages = encoder.encode(batch)
    found = [b""] * len(inputs)
    begins = [0, *messages.ends.tolist()]
    for payload, begin, end in zip(batch.column("payload"), begins, messages.ends.tolist(), strict=False):
        found[payload] += messages.body[begin:end]
    return {name: (own.decode(), theirs) for (name, theirs), own in zip(kept.items(), found, strict=True)}


@pytest.mark.parametrize(("variant", "file"), RUNS, ids=[f"{variant}-{file}" for variant, file in RUNS])
def test_messages_are_the_collectors(variant, file):
    """Each input's bytes are equal, but for the differences that are meant."""
    assert DIFFERENCES.unmeant(variant, results(variant, file)) == {}


def test_each_difference_is_one():
    """What stands on the list of differences does differ, in one variant at least: it cannot hide anything else."""
    assert DIFFERENCES.idle({variant: results(variant, "syslog.jsonl") for variant in VARIANTS}) == []
