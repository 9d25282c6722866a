"""What the supervisor last told, for one visitor: who may see all domains sees the service, others the numbers of their domains."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from collector.console.service_state import ServiceState
from collector.outcomes import Outcome
from collector.scope import Scope

_SENT = (Outcome.EXPORTED, Outcome.DEAD_LETTERED)


def pipeline(state: ServiceState, scope: Scope) -> dict[str, Any]:
    """The flow of records since the service's counts begin; `service` is null for who sees some domains alone."""
    return {
        "told_secs_ago": round(state.age_secs, 1),
        "flow": flow(state, scope),
        "service": _service(state) if scope.is_everything else None,
    }


def flow(state: ServiceState, scope: Scope) -> list[dict[str, Any]]:
    """Records by component and outcome, of the domains of the scope."""
    found: Counter[tuple[str, str]] = Counter()
    for (domain, component, outcome), records in state.snapshot.counts.items():
        if domain in scope:
            found[component, outcome] += records
    return [{"component": each, "outcome": outcome, "records": n} for (each, outcome), n in sorted(found.items())]


def usage(state: ServiceState, scope: Scope) -> list[dict[str, Any]]:
    """What each domain sent, what was refused of it, what it may and does take a day."""
    sums: dict[str, Counter[str]] = {}
    for (domain, component, outcome), records in state.snapshot.counts.items():
        if domain in scope and component.startswith("receiver/"):
            sums.setdefault(domain, Counter())[outcome] += records
    refused: Counter[str] = Counter()
    for (domain, _), requests in state.snapshot.limits_refused.items():
        refused[domain] += requests
    return [
        {
            "domain": domain,
            "accepted": count[Outcome.ACCEPTED],
            "refused": count[Outcome.REFUSED],
            "limited_requests": refused[domain],
            "today": {unit: n for (whose, unit), n in state.snapshot.quota_used.items() if whose == domain},
        }
        for domain, count in sorted(sums.items())
    ]


def _service(state: ServiceState) -> dict[str, Any]:
    """Without addresses and paths."""
    snapshot, health = state.snapshot, state.health
    return {
        "phase": health.phase, "ready": health.ready, "live": health.live, "degraded": list(health.degraded),
        "started_unix": health.started_unix, "restarts": snapshot.restarts,
        "exporters": _exporters(state),
        "journals": [
            {"slot": str(each.slot), "used_bytes": each.used_bytes, "budget_bytes": each.budget_bytes, "entries": each.entries,
             "oldest_secs": _age(each.oldest_unix_ms)} for each in snapshot.journals
        ],
        "processes": [
            {"name": each.name, "pid": each.pid, "cpu_secs": round(each.cpu_secs, 1), "rss_bytes": each.rss_bytes}
            for each in snapshot.processes
        ],
        "listeners": [
            {"name": name, "failures": each.failures, "secs": each.secs} for name, each in snapshot.listeners.items()
        ],
        "certificates": [
            {"component": component, "expires_in_secs": secs} for component, _, secs in snapshot.certificates
        ],
    }  # fmt: skip


def _exporters(state: ServiceState) -> list[dict[str, Any]]:
    ended: Counter[tuple[str, str]] = Counter()
    for (_, component, outcome), records in state.snapshot.counts.items():
        ended[component, outcome] += records
    return [
        {
            "name": name,
            "state": said.get("state", ""),
            "reason": said.get("reason", ""),
            "waiting": queue.records,
            "size_bytes": queue.size_bytes,
            "capacity_bytes": queue.capacity_bytes,
            "oldest_secs": _age(queue.oldest_unix_ms),
            **{str(outcome): ended[f"exporter/{name}", outcome] for outcome in _SENT},
        }
        for name, queue in sorted(state.snapshot.queues.items())
        for said in (state.snapshot.exporters.get(name, {}),)
    ]


def _age(unix_ms: int) -> float:
    return round(max(0.0, time.time() - unix_ms / 1000), 1) if unix_ms else 0.0
