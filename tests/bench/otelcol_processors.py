"""What `transform`, `filter`, `attributes` and others of the Collector's cost a record: batches of 8,000 with six attributes. `python tests/bench/otelcol_processors.py`"""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from collector.batch import LogBatch
from collector.component import Context, Helpers
from collector.testing.work import FakeWork

RECORDS, ROUNDS = 8_000, 9
USERS = Path(tempfile.gettempdir()) / "logboom-bench-users.csv"
TEN = [
    'set(severity_number, SEVERITY_NUMBER_ERROR) where severity_text == "ERR"',
    'set(severity_number, SEVERITY_NUMBER_WARN) where severity_text == "WARN"',
    'set(severity_number, SEVERITY_NUMBER_INFO) where severity_text == "INFO"',
    'set(severity_number, SEVERITY_NUMBER_DEBUG) where severity_text == "DEBUG"',
    'set(attributes["env"], "prod")',
    'delete_key(attributes, "trace")',
    'set(attributes["route"], attributes["http.route"])',
    'replace_pattern(attributes["http.route"], "/r/(\\\\d+)", "/r/{id}")',
    'set(resource.attributes["deployment"], "eu") where resource.attributes["host.name"] != nil',
    'set(attributes["err"], true) where IsMatch(body, "took 8\\\\d\\\\d ms")',
]
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("ten statements", "transform", {"log_statements": [{"context": "log", "statements": TEN}]}),
    ("severity", "filter", {"logs": {"log_record": ["severity_number < 5"]}}),
    ("body", "filter", {"logs": {"log_record": ['IsMatch(body, "took 8\\\\d\\\\d ms")']}}),
    ("exclude", "filter", {"logs": {"exclude": {"match_type": "regexp", "severity_texts": ["^D"]}}}),
    ("upsert", "attributes", {"actions": [{"key": "env", "value": "prod", "action": "upsert"}]}),
    ("delete", "attributes", {"actions": [{"key": "trace", "action": "delete"}]}),
    ("hash", "attributes", {"actions": [{"key": "user.id", "action": "hash"}]}),
    ("upsert", "resource", {"attributes": [{"key": "env", "value": "prod", "action": "upsert"}]}),
    ("10 % by attribute", "probabilistic_sampler", {"sampling_percentage": 10, "from_attribute": "user.id"}),
    (
        "three patterns",
        "redaction",
        {"allow_all_keys": True, "blocked_values": ["4[0-9]{12}", "[0-9]{3}-[0-9]{2}-[0-9]{4}", "/users/[0-9]+"]},
    ),
    ("3,000 keys known", "enrich", {"key": "user.id", "file": {"path": str(USERS)}, "budget": "5s"}),
    ("unknown pods", "k8s_attributes", {"auth_type": "none", "endpoint": "http://127.0.0.1:9"}),
    ("all differ", "log_dedup", {}),
    ("120 groups", "log_dedup", {"include_fields": ["attributes.http\\.route", "attributes.status"]}),
]


def _batch() -> LogBatch:
    drawn = random.Random(1)
    columns = {
        "body": [
            f"request {drawn.randrange(10**6)} to /users/{i} took {drawn.randrange(900)} ms" for i in range(RECORDS)
        ],
        "severity_text": [drawn.choice(["INFO", "WARN", "ERR", "DEBUG"]) for _ in range(RECORDS)],
    }
    attributes: dict[str, list[Any]] = {
        "http.method": [drawn.choice(["GET", "POST"]) for _ in range(RECORDS)],
        "http.route": [f"/r/{drawn.randrange(40)}" for _ in range(RECORDS)],
        "user.id": [f"u{drawn.randrange(3000)}" for _ in range(RECORDS)],
        "status": [drawn.choice([200, 404, 500]) for _ in range(RECORDS)],
        "seconds": [drawn.random() for _ in range(RECORDS)],
        "trace": [str(drawn.random()) for _ in range(RECORDS)],
    }
    batch = LogBatch.of(columns, attributes, {"service.name": "shop", "host.name": "h"})
    return replace(batch, attributes=batch.all_attributes(), derived=pl.DataFrame())


def main() -> None:
    """Prints the best of some rounds."""
    batch, work = _batch(), FakeWork()
    USERS.write_text("id,plan,country\n" + "".join(f"u{n},gold,de\n" for n in range(3000)))
    for label, name, options in CASES:
        factory = import_module(f"processors.{name}").FACTORY
        helpers = Helpers()
        processor = factory.create(factory.config.model_validate(options), Context(name, Path(), helpers=helpers))
        helpers.start()
        took = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            processor.process(batch, work)
            took.append(time.perf_counter() - begun)
        helpers.shutdown()
        print(f"{name:21} {label:16} {min(took) / RECORDS * 1e6:6.2f} µs a record")


if __name__ == "__main__":
    main()
