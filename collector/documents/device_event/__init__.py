"""What CEF and LEEF share: the reporting device, severities, and the stable identity of an event."""

from __future__ import annotations

from collector.documents.device_event.device import Device
from collector.documents.device_event.severity import cef_severity, leef_severity

__all__ = ["Device", "cef_severity", "leef_severity"]
