"""The options of the `otlp_json_file` receiver: the Collector's names."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from collector.ingress.files.options import FilesConfig
from collector.units import ByteSize, Duration


class OtlpJsonFileConfig(FilesConfig):
    """Options of the `otlp_json_file` receiver: those of files, and few of its own."""

    max_log_size: ByteSize = Field(16 << 20, ge=1)
    """The longest line."""
    max_log_size_behavior: Literal["split", "truncate"] = "truncate"
    """What is longer can't be read; `split`: neither can each of its pieces."""
    force_flush_period: Duration = 10.0
    """A last line without an end is taken after so long without more; 0: it waits."""
    replay_file: bool = False
    """Read each file again whenever all of it was read, about every `poll_interval`, for ever; needs `start_at: beginning`."""
    storage: str = ""
    """Accepted, and does nothing: how far a file was read is kept in the journal, with what was read."""
    domain: str = ""
    """Whose records these are, where several domains are served; empty: the default."""

    @model_validator(mode="after")
    def _replays(self) -> Self:
        if self.replay_file and self.start_at != "beginning":
            raise ValueError("replay_file needs start_at: beginning; from the end on there is nothing to read again")
        if self.replay_file and self.delete_after_read:
            raise ValueError("replay_file and delete_after_read exclude each other")
        return self
