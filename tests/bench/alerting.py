"""What `alerting` costs with many groups and silences, and what a storm of distinct alerts comes to, in virtual time: `make bench-alerting`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator

from collector.batch import LogBatch
from collector.component import Due
from collector.connectors.alerting.words import SILENCE
from counterparts.alerting_life import HOUR, SECOND, Life

AT_ONCE = 200  # as many as a step of the pipeline runs (`collector/pipeline/ticks.py`)
ROUTE = {"receiver": "ops", "group_by": ["endpoint"]}


def records(life: Life, begin: int, end: int) -> LogBatch:
    """Critical ones, each of another endpoint."""
    count, now = end - begin, life.work.now_unix_nano
    return LogBatch.of(
        {"body": ["boom"] * count, "time_unix_nano": [now] * count, "domain": ["a.com"] * count},
        {"logboom.triage.level": ["critical"] * count, "logboom.endpoint": [f"/x{number}" for number in range(begin, end)]},
        {"service.name": "shop"},
    )  # fmt: skip


def ticks(groups: int, silences: int) -> Iterator[float]:
    """Milliseconds of CPU of each step of due groups, while so many silences hold, half of which name no value."""
    life = Life(max_groups=2 * groups, route={**ROUTE, "group_wait": "30s"})
    for number in range(silences):
        life.work.now_unix_nano += 1
        matcher = f'endpoint="/other{number}"' if number % 2 else f'endpoint=~"/other{number}.*"'
        life.command(SILENCE, matchers=matcher, seconds=36_000)
    for begin in range(0, groups, 1000):
        life.connector.connect(records(life, begin, min(groups, begin + 1000)), life.work)
    life.work.now_unix_nano += 30 * SECOND
    due = sorted((at, *key) for key, at in life.work.timers.items())
    for begin in range(0, len(due), AT_ONCE):
        began = time.process_time()
        for at, domain, name in due[begin : begin + AT_ONCE]:
            life.work.timers.pop((domain, name))
            life.connector.tick(Due("", domain, name, at), life.work)
        yield (time.process_time() - began) * 1000


def storm(alerts: int) -> dict[str, object]:
    """A thousand new alerts a second, then quiet until all is over."""
    life = Life(route=ROUTE)
    told, most, reasons, counted = 0, 0, Counter[str](), 0
    began = time.perf_counter()
    for begin in range(0, alerts, 1000):
        life.connector.connect(records(life, begin, min(alerts, begin + 1000)), life.work)
        life.wait(SECOND)
        kept = life.work.states["a.com"].values
        most = max(most, sum(len(name) + len(value) for name, value in kept.items()))
        for one in life.messages():
            told, reasons = told + 1, reasons + Counter([one["reason"]])
    for _ in range(12):
        life.wait(HOUR)
        for one in life.messages():
            told, reasons = told + 1, reasons + Counter([one["reason"]])
            counted += int(one["count"]) if one["reason"].startswith("more groups") else 0
    left = [name for name in life.work.states["a.com"].values if name.startswith(b"g/")]
    return {"alerts": alerts, "messages": told, **reasons, "groups told of in sums": counted, "largest state, MiB": round(most / 2**20, 1), "groups left": len(left),
            "seconds": round(time.perf_counter() - began, 1)}  # fmt: skip


def main() -> None:
    """Both, as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--silences", type=int, default=1000)
    parser.add_argument("--alerts", type=int, default=100_000)
    asked = parser.parse_args()
    found = sorted(ticks(asked.groups, asked.silences))
    sys.stdout.write(f"{asked.groups} groups, {asked.silences} silences; a step of {AT_ONCE} due groups, ms of CPU: "
                     f"median {found[len(found) // 2]:.1f}, largest {found[-1]:.1f}; a group {sum(found) / asked.groups:.3f}\n")  # fmt: skip
    for name, value in storm(asked.alerts).items():
        sys.stdout.write(f"  {name}: {value}\n")


if __name__ == "__main__":
    main()
