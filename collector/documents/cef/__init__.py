"""ArcSight's Common Event Format: one event a record, as text without a syslog header.

Source: ArcSight Common Event Format, Implementation Standard, version 27. `README.md` shows what goes where.
"""

from __future__ import annotations

from collector.documents.cef.event import cef_text
from collector.documents.device_event import Device, cef_severity

__all__ = ["Device", "cef_severity", "cef_text"]
