"""`python -P -m collector.explaining.child`: an `Order` on standard input, as JSON what the processors say of its record.

The one who asks has neither polars nor rules loaded and must not be slowed by what a record does to them, so this is a process of its own that
ends within its bounds: so much memory, so much time, whether or not anybody waits for it any more.
"""

from __future__ import annotations

import pickle
import re
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

MOST_SECS = 50
_MOST_CPU_SECS = 40
"""Twenty times what it takes: a machine may be slow, and busy."""
_MOST_BYTES = 1 << 30
"""Beyond what libraries reserve when they are loaded: that depends on the machine, 1.3 GiB on two cores, of which 0.1 are used."""
_RESERVED = re.compile(rb"^VmData:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Order:
    """`row`: `stored.COLUMNS` of it. `root`: the data directory, which nothing is written to."""

    settings: Settings
    pipeline: str
    row: Mapping[str, Any]
    root: Path


def main() -> None:
    """Take the order, answer it."""
    bound_time()
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own process
    import collector.samples  # noqa: F401 - takes all libraries that a record can make swell
    from collector.explaining.asking import explanations
    from collector.explaining.stored import batch_of_row

    bound_memory()
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


def bound_time() -> None:
    """The kernel ends this process behind it."""
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_SECS, _MOST_CPU_SECS))
    signal.alarm(MOST_SECS)


def bound_memory() -> None:
    """From now on so much can be had in addition, and no more."""
    found = _RESERVED.search(Path("/proc/self/status").read_bytes())
    most = _MOST_BYTES + (int(found[1]) << 10 if found else 0)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


if __name__ == "__main__":
    main()
