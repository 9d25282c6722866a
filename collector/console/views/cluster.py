"""The machines that share the work over Kafka, as the workers of this one hear of them: who owns which partition, since when, and what waits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collector.cluster.told import FRESH_SECS, Heard, told_by_all
from collector.console.service_state import ServiceState

_CUT_OFF = "cluster_cut_off"


def cluster(root: Path, partitions: int, me: str, state: ServiceState | None) -> dict[str, Any]:
    """All of it. `me`: this machine's name. Reads files of workers; without them, as at a start, nobody is known yet.

    Returns:
        machines, partitions: a row each; how long ago this machine heard of anybody (None: of nobody); whether it is cut off from the brokers.
    """
    told, now_ms = told_by_all(root), time.time() * 1000
    heard: dict[int, Heard] = {}
    for each in told.values():
        heard |= {n: one for n, one in each.others.items() if n not in heard or one.at_unix_ms > heard[n].at_unix_ms}
    taking = {number: since for each in told.values() for number, since in each.taking.items()}
    rows = [_row(number, heard.get(number), taking.get(number, 0), now_ms) for number in range(partitions)]
    newest = max((one.at_unix_ms for one in heard.values()), default=0)
    return {
        "me": me, "machines": _machines(rows, me), "partitions": rows,
        "heard_secs_ago": round(max(0.0, now_ms - newest) / 1000, 1) if newest else None,
        "cut_off": bool(state is not None and state.snapshot.conditions.get(_CUT_OFF)),
    }  # fmt: skip


def _row(number: int, heard: Heard | None, taking: int, now_ms: float) -> dict[str, Any]:
    """`state`: `owned`, `restoring` (by this machine, of which alone that is known), or `standing`: nobody tells of it, and what was accepted
    there waits."""
    silent_secs = max(0.0, now_ms - heard.at_unix_ms) / 1000 if heard else None
    live = silent_secs is not None and silent_secs < FRESH_SECS
    one = heard or Heard("", 0, 0)
    since = taking or (one.since_unix_ms if live else one.at_unix_ms)
    return {
        "partition": number, "state": "restoring" if taking else "owned" if live else "standing",
        "owner": one.owner, "worker": one.worker, "since_unix_ms": since, "unread": one.unread,
        "oldest_secs": round(max(0.0, now_ms - one.oldest_unix_ms) / 1000, 1) if one.oldest_unix_ms else 0.0,
        "queued": one.queued, "silent_secs": None if silent_secs is None else round(silent_secs, 1),
    }  # fmt: skip


def _machines(rows: list[dict[str, Any]], me: str) -> list[dict[str, Any]]:
    """Those that tell of a partition, and this one; by name."""
    found: dict[str, dict[str, Any]] = {me: _machine(me)}
    for row in rows:
        if row["owner"]:
            one = found.setdefault(row["owner"], _machine(row["owner"]))
            if row["state"] == "owned":
                one["partitions"].append(row["partition"])
                one["workers"] |= {row["worker"]}
                one["unread"] += row["unread"]
                one["queued"] += row["queued"]
            else:
                one["standing"].append(row["partition"])
    return [{**one, "workers": sorted(one["workers"])} for _, one in sorted(found.items())]


def _machine(name: str) -> dict[str, Any]:
    return {"name": name, "partitions": [], "standing": [], "workers": set(), "unread": 0, "queued": 0}


def totals(rows: list[Mapping[str, Any]]) -> dict[str, int]:
    """State → partitions."""
    return {name: sum(row["state"] == name for row in rows) for name in ("owned", "restoring", "standing")}
