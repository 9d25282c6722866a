"""Which region this place is in."""

from __future__ import annotations

import os


def region_of_environment() -> str:
    """The region that the environment names; empty: none."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
