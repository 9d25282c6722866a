"""What Kafka costs logboom: µs of CPU a record (all threads of this process; the broker is another), to a real Kafka and from it.

POLARS_MAX_THREADS=1 PYTHONPATH=tests .venv/bin/python tests/bench/kafka.py
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sample_records import batch

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.cli.traffic.payloads import templates
from collector.component import Context
from collector.domains.resolver import DomainResolver, DomainRules
from collector.receivers.kafka import FACTORY as RECEIVER
from collector.testing.intake import MemoryIntake
from counterparts.kafka import Kafka
from exporters.kafka import FACTORY as EXPORTER

ROUNDS, REQUESTS = 3, 10
OUT: dict[str, dict[str, Any]] = {
    "`otlp_proto`, 10,000 records a request": {"logs": {"encoding": "otlp_proto"}},
    "the same, lz4": {"logs": {"encoding": "otlp_proto"}, "producer": {"compression": "lz4"}},
    "`otlp_json`": {"logs": {"encoding": "otlp_json"}},
    "`raw`, a message each": {"logs": {"encoding": "raw"}},
    "`json`, a message each": {"logs": {"encoding": "json"}},
}


def out(kafka: Kafka, topic: str, options: dict[str, Any]) -> float:
    """Encode and send `REQUESTS` requests, each answered before the next."""
    kafka.make(topic, partitions=4)
    given = {**options, "brokers": [kafka.address], "logs": {**options["logs"], "topic": topic}}
    records = batch()

    async def main() -> float:
        exporter = EXPORTER.create(EXPORTER.config.model_validate(given), Context("kafka", Path()))
        await exporter.start()
        assert not exporter.classify(await exporter.send(exporter.encode(records)))
        began = time.process_time()
        for _ in range(REQUESTS):
            assert not exporter.classify(await exporter.send(exporter.encode(records)))
        spent = time.process_time() - began
        await exporter.shutdown()
        return spent / (REQUESTS * len(records)) * 1e6

    return asyncio.run(main())


def back(kafka: Kafka, topic: str, encoding: str, records: int) -> float:
    """Read a topic to its end, into a journal in memory."""
    intake = MemoryIntake()
    given = {"brokers": [kafka.address], "group_id": f"{topic} {time.monotonic_ns()}", "initial_offset": "earliest",
             "logs": {"topics": [topic], "encoding": encoding}}  # fmt: skip
    receiver = RECEIVER.create(RECEIVER.config.model_validate(given), Context("kafka", Path()))
    began = time.process_time()
    receiver.start(Admission(checks(DomainResolver(DomainRules())), intake))
    while intake.records < records:
        time.sleep(0.02)
    spent = time.process_time() - began
    receiver.shutdown(10)
    return spent / records * 1e6


def topics(kafka: Kafka) -> dict[str, tuple[str, str, int]]:
    """Name → topic, encoding, records."""
    bodies = [template.numbered(at) for at, template in enumerate(templates(1, 500, 20))]
    single = [template.numbered(at) for at, template in enumerate(templates(1, 1, 20))]
    lines = [f"2026-11-30T10:00:00Z request {n} of user {n * 7} took {n % 900} ms".encode() for n in range(100_000)]
    for topic in ("large", "small", "lines"):
        kafka.make(topic, partitions=4)
    kafka.send("large", *bodies * 10)
    kafka.send("small", *single * 2500)
    kafka.send("lines", *lines)
    return {
        "`otlp_proto`, 500 records a message": ("large", "otlp_proto", 500 * 20 * 10),
        "`otlp_proto`, 1 record a message": ("small", "otlp_proto", 50_000),
        "`text`, 66 bytes": ("lines", "text", 100_000), "`raw`, 66 bytes": ("lines", "raw", 100_000),
    }  # fmt: skip


def least(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(ROUNDS))


def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder:
        kafka = Kafka(Path(folder))
        try:
            kafka.start()
            print("| | µs of CPU a record |\n| --- | --- |")
            for number, (name, options) in enumerate(OUT.items()):
                print(
                    f"| exporter, {name} | {least(lambda n=number, o=options: out(kafka, f'out-{n}-{time.monotonic_ns()}', o)):.2f} |"
                )
            for name, (topic, encoding, records) in topics(kafka).items():
                print(
                    f"| receiver, {name} | {least(lambda t=topic, e=encoding, r=records: back(kafka, t, e, r)):.2f} |"
                )
        finally:
            kafka.kill()


if __name__ == "__main__":
    main()
