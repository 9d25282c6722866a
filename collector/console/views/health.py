"""What the supervisor last told, for one visitor: who may see all domains sees the service, others the numbers of their domains."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.backend.interface import FiledLetter
from collector.console.service_state import ServiceState
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key
from collector.outcomes import Outcome
from collector.scope import Scope
from collector.settings.model import Settings

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


def stages(state: ServiceState) -> dict[str, Any]:
    """The way of a record through the service, as a few numbers."""
    snapshot, now = state.snapshot, time.time()
    ended: Counter[str] = Counter()
    for (_, component, outcome), records in snapshot.counts.items():
        if component.startswith("receiver/"):
            ended[outcome] += records
    workers = [each for each in snapshot.processes if each.name.startswith("worker")]
    unread = [at for at in snapshot.unread_unix_ms.values() if at]
    waiting = [queue.oldest_unix_ms for queue in snapshot.queues.values() if queue.oldest_unix_ms]
    accepted = ended[Outcome.ACCEPTED]
    return {
        "accepted": accepted, "refused": ended[Outcome.REFUSED], "workers": len(workers),
        "behind_secs": max(0.0, now - min(unread) / 1000) if unread else 0.0,
        "journal_used": sum(each.used_bytes for each in snapshot.journals),
        "journal_budget": sum(each.budget_bytes for each in snapshot.journals),
        "oldest_secs": _age(min(waiting)) if waiting else 0.0,
    }  # fmt: skip


@dataclass(slots=True)
class Lot:
    """Dead letters of one owner that were refused for one reason; `first`: the oldest of them."""

    owner: str
    reason: str
    first: str
    oldest_unix_ms: int
    letters: int = 0
    records: int = 0


def lots(letters: Iterable[FiledLetter]) -> list[Lot]:
    """By owner and reason, those with most records first."""
    found: dict[tuple[str, str], Lot] = {}
    for each in letters:
        info = each.info
        new = Lot(info.owner, info.reason, each.id, info.created_unix_ms)
        lot = found.setdefault((info.owner, info.reason), new)
        lot.letters, lot.records = lot.letters + 1, lot.records + info.records
        if info.created_unix_ms < lot.oldest_unix_ms:
            lot.first, lot.oldest_unix_ms = each.id, info.created_unix_ms
    return sorted(found.values(), key=lambda lot: -lot.records)


def limits(settings: Settings, scope: Scope) -> dict[str, dict[str, Any]]:
    """Unit → so many a second: of each domain, of each credential, of those with others."""
    rules = settings.service.domains.limits.rules()
    return {
        "rates": dict(rules.rates),
        "per_key": dict(rules.per_key),
        "domains": {each: dict(rules.of_domain(each)) for each in sorted(rules.overrides) if each in scope},
    }


def keys(root: Path, scope: Scope) -> list[dict[str, Any]]:
    """Those of the scope, without what is secret. Raises `KeysUnreadable`."""
    return [_key(each) for each in KeyStore(root / FILE).all() if each.domain in scope]


def _key(each: Key) -> dict[str, Any]:
    return {
        "id": each.id, "kind": str(each.kind), "domain": each.domain, "name": each.name, "created_at": each.created_at,
        "expires_at": each.expires_at, "revoked_at": each.revoked_at, "last_used": each.last_used,
        "state": each.objection(time.time()) or "good",
    }  # fmt: skip


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
