"""Options of the `debug` exporter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from collector.delivery.config import DeliveryConfig, QueueConfig

_OF_LOGGING = {"debug": "detailed", "info": "normal", "warn": "basic", "error": "basic"}
"""`loglevel` of the exporter `logging`, which was there before → `verbosity`."""


class DebugConfig(DeliveryConfig):
    """How much is shown of each batch, and where."""

    former_names = {"loglevel": "verbosity"}

    verbosity: Literal["basic", "normal", "detailed"] = "basic"
    """`basic`: one line a batch; `normal`: one line a record; `detailed`: all fields of each record."""
    sampling_initial: int = Field(2, ge=0)
    """Batches shown in each second before sampling begins."""
    sampling_thereafter: int = Field(1, ge=0)
    """After that, one batch in this many is shown; 1 = all, 0 = none."""
    use_internal_logger: bool = True
    """Write to standard error, where the own logs are; false: to `output_paths`."""
    output_paths: list[str] = ["stdout"]
    """`stdout`, `stderr` or files, which are appended to."""
    sending_queue: QueueConfig = QueueConfig(num_consumers=1)
    """Queue, batching and quota; one request at a time, so that batches do not mix."""

    @model_validator(mode="before")
    @classmethod
    def _level_of_logging(cls, given: Any) -> Any:
        level = given.get("loglevel") if isinstance(given, Mapping) else None
        return {**given, "loglevel": _OF_LOGGING.get(level.lower(), level)} if isinstance(level, str) else given

    def carries(self, signal: str) -> str:  # noqa: ARG002 - all alike
        """See `CarriesSignals`."""
        return ""
