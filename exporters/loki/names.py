"""Names that Loki takes as labels: Prometheus' (`[a-zA-Z_][a-zA-Z0-9_]*`)."""

from __future__ import annotations

import re


def normalized(name: str) -> str:
    """The label that stands for an attribute's name, as the Collector's Prometheus translator writes it:
    `service.name` → `service_name`, `1st` → `key_1st`, `_x` → `key_x`."""
    label = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    if label[:1].isdigit():
        return f"key_{label}"
    return f"key{label}" if label.startswith("_") and not label.startswith("__") else label
