"""What pages and the API ask of the audit log: who may, of which domains and time, from which entry on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from collector.console.asking import moment, scope_of
from collector.console.parts import Parts, visitor
from collector.console.refusal import Refused
from collector.console.times import iso
from collector.console.visitor import Visitor
from collector.scope import Scope

_PLACE = re.compile(r"(\d{1,19})-(\d{1,19})")
_NOT_THEIRS = Refused(403, "to see the audit log takes the role admin or privacy")


def audited_scope(request: Request, domain: str = "") -> Scope:
    """Raises `Refused`: they may not (403), or the domain is not theirs (404)."""
    who: Visitor = visitor(request)
    if not who.sees_audit:
        raise _NOT_THEIRS
    return scope_of({"domain": domain}, who)[0]


def span_of(from_: str, to: str, now: int) -> tuple[int, int]:
    """Raises `Refused`: those are no times."""
    return moment(from_, now, "from"), moment(to, now, "to") + 1


def place_of(text: str) -> tuple[int, int] | None:
    """Of `before`, which the page before gave. Raises `Refused`."""
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise Refused(400, "before is no place: take it from the page before", {"parameter": "before"})
    return int(found[1]), int(found[2])


def place_text(place: tuple[int, int] | None) -> str | None:
    """The same the other way."""
    return None if place is None else f"{place[0]}-{place[1]}"


def as_object(row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as programs read it."""
    said = row["entry"]
    return {
        "domain": row["domain"], "seq": row["seq"], "time": iso(row["time_unix_nano"]), "received": iso(row["received_unix_nano"]),
        "action": row["action"], "who": row["who"] or "", "why": row["why"] or "", "address": row["address"] or "", "event": row["event"],
        "what": said.get("what", ""), "attributes": said.get("attributes", {}), "hash": row["hash"],
    }  # fmt: skip


def protection(made: Parts) -> dict[str, Any]:
    """What the configuration does for those whom records are about."""
    service, options = made.settings.service, made.options
    return {
        "masked": made.masks is not None, "classes": list(options.redact.classes) if made.masks is not None else [],
        "encrypted": service.encryption is not None, "audited": service.audit.enabled, "reads": service.audit.enabled and service.audit.reads,
        "retention_days": round(service.audit.retention / 86_400), "checkpoint_secs": service.audit.checkpoint,
        "elsewhere": sorted(name for name, each in made.settings.exporters.items() if name != made.store_id and each.config.kinds(())),
    }  # fmt: skip
