"""Where the default configuration is: a link to `config/logboom.yaml` in the checkout, the file itself in a wheel."""

from __future__ import annotations

from pathlib import Path


def default_config() -> Path:
    """The path of `logboom.yaml`."""
    return Path(__file__).with_name("logboom.yaml").resolve()
