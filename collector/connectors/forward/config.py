"""Options of `forward`."""

from __future__ import annotations

from collector.component import Config


class ForwardConfig(Config):
    """It has none: which pipelines it joins is said where they name it."""
