"""The options of the `file_log` receiver: the Collector's names and defaults."""

from __future__ import annotations

from typing import Any, Self

from pydantic import field_validator, model_validator

from collector.component import Config
from collector.ingress.cutting_options import Pattern, checked_pattern
from collector.ingress.files.options import FilesConfig
from collector.stanza.options import StepsConfig, check_operators


class Header(Config):
    """Lines at the beginning of a file that say something of all others."""

    pattern: Pattern
    """What a line of the header fits; the first that does not is no part of it."""
    metadata_operators: list[dict[str, Any]]
    """What takes them apart: their attributes are set on all records of the file."""

    @field_validator("pattern")
    @classmethod
    def _valid(cls, pattern: str) -> str:
        return checked_pattern(pattern)


class FileLogConfig(FilesConfig, StepsConfig):
    """Options of the `file_log` receiver."""

    header: Header | None = None
    """Lines at the beginning of a file that say something of all others; needs `start_at: beginning`."""

    @model_validator(mode="after")
    def _heads(self) -> Self:
        check_operators(self.header.metadata_operators if self.header is not None else [])
        if self.header is not None and self.start_at != "beginning":
            raise ValueError("header needs start_at: beginning")
        return self
