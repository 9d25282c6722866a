"""What `select`, `attributes` and `redact` cost: µs a record of CPU, one thread, on the demo's traffic after triage.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/shaping.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from sample_records import micros, triaged

from collector.batch import LogBatch
from collector.delivery.config import DeliveryConfig
from collector.delivery.shaping import shape_of
from collector.shaping.selection import Selection

RECORDS = 8_000
KEY = "0123456789abcdef"
ONE, TWO = "severity_number >= SEVERITY_NUMBER_ERROR", 'IsMatch(body, "(?i)timeout|refused|denied")'
CASES: dict[str, dict[str, object]] = {
    "select levels": {"select": {"levels": ["critical", "warning"]}},
    "select domains": {"select": {"domains": ["a.example", "*.example.com"]}},
    "select one condition, a number": {"select": {"conditions": [ONE]}},
    "select one condition, an expression": {"select": {"conditions": [TWO]}},
    "attributes allow": {"attributes": {"allow": ["url.*", "http.*", "service.name", "logboom.triage.*"]}},
    "attributes deny": {"attributes": {"deny": ["code.*", "client.address"]}},
    "redact two attributes, mask": {"redact": {"attributes": ["url.path", "thread.name"]}},
    "redact two attributes, hash": {
        "redact": {"attributes": ["url.path", "thread.name"], "action": "hash", "hash_key": KEY}
    },
    "redact two attributes, drop": {"redact": {"attributes": ["url.path", "thread.name"], "action": "drop"}},
    "redact two patterns": {"redact": {"patterns": [r"\b\d{13,19}\b", r"[\w.+-]+@[\w-]+\.[\w.]+"]}},
}


def work(options: dict[str, object], batch: LogBatch) -> Callable[[], object]:
    """What delivery does with a batch."""
    config = DeliveryConfig.model_validate(options)
    if not config.select.everything:
        selection = Selection(config.select)
        return lambda: batch.filter(selection.keep(batch))
    shape = shape_of(config)
    assert shape is not None
    return partial(shape, batch)


def main() -> None:
    """Print a table."""
    batch = triaged().slice(0, RECORDS)
    keys = batch.all_attributes().height / RECORDS
    sys.stdout.write(f"{RECORDS} records, {keys:.1f} attributes each\n\n| | µs a record |\n| --- | --- |\n")
    for name, options in CASES.items():
        sys.stdout.write(f"| {name} | {micros(work(options, batch), RECORDS):.2f} |\n")


if __name__ == "__main__":
    main()
