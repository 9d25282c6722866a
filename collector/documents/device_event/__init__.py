"""What CEF and LEEF share: the reporting device, severities, the identity of an event, and what is looked up where.

FACTS                  what a security event says → the attributes of OpenTelemetry that say it
Device, severities     the header
identity.py            class, name and category of an event, stable and without words of any language
sources.py             attributes of a batch as columns of distinct values
readings.py            texts → addresses, ports, outcomes
pieces.py              distinct values → `key=value` columns
"""

from __future__ import annotations

from collector.documents.device_event.device import Device
from collector.documents.device_event.severity import cef_severity, leef_severity

__all__ = ["Device", "cef_severity", "leef_severity"]
