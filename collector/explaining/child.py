"""`python -P -m collector.explaining.child`: an `Order` on standard input, as JSON what the processors say of its record.

The one who asks has neither polars nor rules loaded and must not be slowed by what a record does to them, so this is a process of its own that
ends within its bounds: so much memory, so much time, whether or not anybody waits for it any more.
"""

from __future__ import annotations

import pickle
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from collector.explanation import Explanation
from collector.settings.model import Settings

MOST_SECS = 20
_MOST_CPU_SECS = 12
_MOST_BYTES = 2 << 30
"""Of address space that can be written: libraries reserve 1.3 GiB of it, of which 0.1 are used."""


@dataclass(frozen=True, slots=True)
class Order:
    """`row`: `stored.COLUMNS` of it. `root`: the data directory, which nothing is written to."""

    settings: Settings
    pipeline: str
    row: Mapping[str, Any]
    root: Path


def main() -> None:
    """Take the order, answer it."""
    _bounds()
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own process
    from collector.explaining.asking import explanations
    from collector.explaining.stored import batch_of_row

    told = explanations(order.settings, order.pipeline, batch_of_row(order.row), order.root)
    sys.stdout.buffer.write(orjson.dumps([as_object(each) for each in told]))


def as_object(told: Explanation) -> dict[str, Any]:
    """For JSON."""
    return {
        "subject": told.subject,
        "answer": told.answer,
        "because": told.because,
        "decides": told.decides,
        "details": dict(told.details),
    }


def _bounds() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_SECS, _MOST_CPU_SECS))
    signal.alarm(MOST_SECS)


if __name__ == "__main__":
    main()
