"""IBM's Log Event Extended Format for QRadar: one event a record, as text without a syslog header.

Source: IBM QRadar DSM Configuration Guide, "LEEF overview". `README.md` shows what goes where.
"""

from __future__ import annotations

from collector.documents.device_event import Device, leef_severity
from collector.documents.leef.delimiter import delimiter_character
from collector.documents.leef.event import leef_text

__all__ = ["Device", "delimiter_character", "leef_severity", "leef_text"]
