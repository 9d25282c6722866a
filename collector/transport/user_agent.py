"""How logboom names itself to destinations: `<name>/<version> (<os>/<arch>)`, as the OTLP specification asks."""

from __future__ import annotations

import platform
from importlib.metadata import version

USER_AGENT = f"logboom/{version('logboom')} ({platform.system().lower()}/{platform.machine()})"
