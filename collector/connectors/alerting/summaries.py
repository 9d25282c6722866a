"""Messages about many groups: what was counted in a period, and what a limit kept back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from collector.component import Due, Work
from collector.connectors.alerting.decision import Reason
from collector.connectors.alerting.digest import Counted
from collector.connectors.alerting.limits import Limits
from collector.connectors.alerting.occurrences import worst
from collector.connectors.alerting.routes import NANOS, Leaf
from collector.connectors.alerting.showing import place
from collector.notices import Alert, Notice

_MS = 1_000_000


def digest_of(leaf: Leaf, exporter: str, due: Due, counted: Sequence[Counted], most: int) -> Notice:
    """What was counted, for one exporter."""
    total = sum(one.records for one in counted)
    alerts = [
        Alert(
            "",
            "digest",
            one.labels,
            {"summary": one.sample},
            count=one.records,
            samples=(one.sample,) if one.sample else (),
        )
        for one in counted[:most]
    ]
    lines = [f"{one.records} x {place(one.labels)}" for one in counted[:most]]
    more = f" and {len(counted) - most} more" if len(counted) > most else ""
    text = f"DIGEST of {due.domain}: {total} records: {'; '.join(lines)}{more}"
    every = round((leaf.digest.every if leaf.digest else 0) * NANOS)
    level = worst([one.labels.get("level", "") for one in counted])
    return Notice(
        _id(exporter, leaf.receiver, leaf.path), exporter, due.at_unix_nano // _MS, leaf.receiver, "digest", str(Reason.DIGEST), level,
        due.at_unix_nano - every, total, {"domain": due.domain}, alerts, text, truncated=max(0, len(counted) - most),
    )  # fmt: skip


def limited(exporter: str, due: Due, work: Work, most: int) -> list[Notice]:
    """How many groups a window's limit kept back from an exporter, if it did; the window is over."""
    state = work.state(due.domain)
    window = Limits.window(state, exporter)
    Limits.close(state, exporter)
    if not window.held:
        return []
    some = window.labels[:most]
    alerts = [Alert("", "firing", dict(labels), {"summary": place(labels)}) for labels in some]
    text = f"{window.held} more groups of {due.domain} than are told one by one: {'; '.join(place(labels) for labels in some)}"
    return [
        Notice(
            _id(exporter, "limit"), exporter, due.at_unix_nano // _MS, "", "digest", str(Reason.LIMITED), "warning", due.at_unix_nano,
            window.held, {"domain": due.domain}, alerts, text,
        )
    ]  # fmt: skip


def _id(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
