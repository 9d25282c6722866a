"""Where the default configuration is: in the checkout, or shipped inside the wheel."""

from __future__ import annotations

from pathlib import Path


def default_config() -> Path:
    """The path of `logboom.yaml`."""
    here = Path(__file__).resolve()
    shipped = here.with_name("logboom.yaml")
    return shipped if shipped.exists() else here.parents[2] / "config" / "logboom.yaml"
