"""Notices for tests, as they come out of the outbox."""

from __future__ import annotations

import time
from typing import Any

import polars as pl

from collector.batch import LogBatch
from collector.notices import NOTIFICATION, Alert, Notice, batch_of
from collector.testing.events import marked

GROUP = "0123456789abcdef0123456789abcdef"
_NOW = 1_700_000_000_000_000_000


def alert(**more: Any) -> Alert:
    """One that tells something."""
    given: dict[str, Any] = {
        "fingerprint": "f" * 16, "status": "firing",
        "labels": {"domain": "tamyla.com", "service": "shop", "component": "Checkout", "level": "critical", "environment": "production"},
        "annotations": {"summary": "payment failed: card declined", "cause": "deployment 1.4.2 at 09:58", "suggestion": "roll back to 1.4.1"},
        "starts": "2026-11-29T10:02:00Z", "count": 12, "samples": ("payment failed after 812 ms", "card declined by issuer"),
    }  # fmt: skip
    return Alert(**{**given, **more})


def notice(**more: Any) -> Notice:
    """A critical one, of a shop."""
    given: dict[str, Any] = {
        "group": GROUP, "exporter": "x", "sequence": 1, "receiver": "page", "status": "firing", "reason": "first notification",
        "level": "critical", "started": _NOW, "count": 12, "labels": {"domain": "tamyla.com", "service": "shop"}, "alerts": [alert()],
        "text": "CRITICAL: shop/Checkout of tamyla.com, production: payment failed: card declined, 12 since 2026-11-29T10:02:00Z",
    }  # fmt: skip
    if more.get("status") == "resolved":
        given |= {
            "reason": "all alerts resolved", "text": "RESOLVED: shop/Checkout of tamyla.com: payment failed: card declined, 12 in all",
            "alerts": [alert(status="resolved", ends="2026-11-29T10:40:00Z")],
        }  # fmt: skip
    return Notice(**{**given, **more})


def made(*notices: Notice, domain: str = "tamyla.com") -> LogBatch:
    """Them as records that a component made, just now."""
    batch = batch_of(notices, time.time_ns())
    records = batch.records.with_columns(
        pl.lit(domain).alias("domain"),
        pl.Series("record_id", [f"{each.group[:8]}{each.sequence:018}" for each in notices]),
    )
    return marked(
        LogBatch(**{**{name: getattr(batch, name) for name in LogBatch.__slots__}, "records": records}),
        [NOTIFICATION] * len(notices),
    )
