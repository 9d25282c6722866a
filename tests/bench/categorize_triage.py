"""What categorize and triage cost: CPU microseconds a record, one thread, 8,000 records with 6 attributes a batch.

    python tests/bench/categorize_triage.py

First by the number of rules (10, 60, all shipped, 300) on a batch in which every body is different, the worst case;
then by the number of distinct bodies with all shipped rules. Medians of 9 runs of process time.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from collector.batch import LogBatch
from collector.component import Context, Processor
from collector.samples import batch_of_json
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.triage.catalogue import Placed, ordered
from processors.triage.config import Rule, TriageConfig
from processors.triage.judge import Judge
from processors.triage.processor import Triage

RECORDS = 8000
RUNS = 9
BODIES = (
    'GET /api/users/{n} HTTP/1.1" 200 {m}',
    "User {n} signed in from 10.0.{m}.1",
    "Order {n} could not be saved: connection refused by db-{m}:5432",
    "cache miss for key user:{n}:{m}",
    "processed batch of {n} items in {m} ms for one tenant, and went on with the next of them",
)
SEVERITIES = (5, 9, 9, 9, 13, 17)
SERVICES = ("checkout-prod", "auth-api", "web-frontend", "postgres", "shop-stg")
HERE = Path(__file__).parent


def batch(distinct: int) -> LogBatch:
    """8,000 records over five services whose bodies are `distinct` different ones."""
    chance = random.Random(1)
    bodies = [
        BODIES[i % len(BODIES)].format(n=chance.randrange(10**6), m=chance.randrange(1000)) for i in range(distinct)
    ]
    records: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number in range(RECORDS):
        records[chance.choice(SERVICES)].append(_record(number, bodies[number % distinct], chance))
    groups = [
        {
            "resource": {"attributes": [_text("service.name", service), _text("deployment.environment", "prod")]},
            "scopeLogs": [{"scope": {"name": "shop.auth"}, "logRecords": own}],
        }
        for service, own in records.items()
    ]
    return batch_of_json(orjson.dumps({"resourceLogs": groups}))


def _record(number: int, body: str, chance: random.Random) -> dict[str, Any]:
    attributes = [
        _text("http.request.method", "GET"),
        _text("http.route", "/api/users/{id}"),
        _text("code.function.name", "shop.AuthValidator.check"),
        _text("thread.name", f"worker-{number % 20}"),
        {"key": "user.id", "value": {"intValue": str(number)}},
        {"key": "duration_ms", "value": {"doubleValue": number * 1.5}},
    ]
    return {
        "timeUnixNano": str(1_700_000_000_000_000_000 + number),
        "severityNumber": chance.choice(SEVERITIES),
        "body": {"stringValue": body},
        "attributes": attributes,
    }


def _text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def micros(function: Callable[[], object]) -> float:
    """Median CPU microseconds a record."""
    times = []
    for _ in range(RUNS + 2):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return statistics.median(times[2:]) / RECORDS * 1e6


def rules(count: int) -> list[Placed]:
    """The first `count` shipped rules; beyond them, rules as a user adds them: each with words of its own."""
    shipped = ordered(TriageConfig())
    own = [Placed(Rule.model_validate(_own(number))) for number in range(max(0, count - len(shipped)))]
    return [*own, *shipped[:count]]


def _own(number: int) -> dict[str, Any]:
    word = "".join(chr(97 + (number * 7 + place * 11) % 26) for place in range(6)) + str(number)
    when = (
        f'IsMatch(body, "(?i){word} (failed|stopped) after \\\\d+ (s|ms)") '
        f'and attributes["logboom.component"] == "{word.title()}"'
    )
    return {"id": f"own/{word}", "when": when, "level": "warning"}


def main() -> None:
    """Print both tables."""
    worst = batch(RECORDS)
    context = Context("bench", HERE)
    categorize: Processor = Categorize(CategorizeConfig(), context)
    triage: Processor = Triage(TriageConfig(), context)
    categorized = categorize.process(worst, FakeWork())
    print("| rules | triage, µs a record |\n| --- | --- |")
    for count in (10, 60, len(ordered(TriageConfig())), 300):
        judge = Judge(rules(count))
        print(f"| {count} | {micros(lambda judge=judge: judge.matches(categorized)):.2f} |")  # type: ignore[misc]
    print("\n| distinct bodies | categorize | triage, all rules | both |\n| --- | --- | --- | --- |")
    for distinct in (50, 500, 2000, RECORDS):
        records = batch(distinct)
        sorted_records = categorize.process(records, FakeWork())
        first = micros(lambda records=records: categorize.process(records, FakeWork()))  # type: ignore[misc]
        second = micros(lambda records=sorted_records: triage.process(records, FakeWork()))  # type: ignore[misc]
        print(f"| {distinct} | {first:.2f} | {second:.2f} | {first + second:.2f} |")


if __name__ == "__main__":
    main()
