"""The default configuration: `logboom.yaml` beside this file; `config/logboom.yaml` of the repository is a link to it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def default_config() -> Path:
    """The path of `logboom.yaml`."""
    return Path(__file__).with_name("logboom.yaml")


def chosen(configs: Sequence[str] | None) -> list[str]:
    """The named sources; without any the default, which is said on standard error."""
    if configs:
        return list(configs)
    sys.stderr.write(
        f"no --config: taking the default configuration, {default_config()}; `logboom init` makes a copy to change\n"
    )
    return [str(default_config())]
