"""Options of the `file` exporter."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from collector.component import Config
from collector.delivery.config import DeliveryConfig
from collector.documents.options import DocumentOptions
from collector.units import Duration


class Rotation(Config):
    """When a file is set aside and a new one begun; backups are named `<name>-<time>.<extension>`."""

    max_megabytes: int = Field(100, ge=1)
    """Size of a file before it is set aside."""
    max_days: int = Field(0, ge=0)
    """Backups older than this are deleted; 0 = never."""
    max_backups: int = Field(100, ge=0)
    """Backups beyond this many are deleted, oldest first; 0 = all are kept."""
    localtime: bool = False
    """Name backups in local time instead of UTC."""


class GroupBy(Config):
    """One file for each value of a resource attribute."""

    enabled: bool = False
    """The attribute's value takes the place of `*` in `path`."""
    resource_attribute: str = "fileexporter.path_segment"
    """Whose value; records without it go to `MISSING`."""
    max_open_files: int = Field(100, ge=1)
    """The least recently used file is closed beyond this many."""
    max_values: int = Field(10_000, ge=1)
    """As many values get a file of their own, counted since the start; records of further ones go to `OVERFLOW`."""


class CompressionParams(Config):
    """`compression_params`."""

    level: int = Field(0, ge=0, le=22)
    """zstd level; 0 = 1, the fastest."""


LineFormat = Literal["ocsf", "ecs", "cef", "leef"]
"""Formats of one line a record; the other two hold a request in one message."""


class FileConfig(DocumentOptions, DeliveryConfig):
    """Where and how records are written."""

    path: str = ""
    """The file; with `group_by` it holds one `*`."""
    rotation: Rotation | None = None
    """Absent: the file grows for ever."""
    format: Literal["json", "proto"] | LineFormat = "json"
    """json: one OTLP JSON object a line; proto: each message after its length, 4 bytes, big-endian; ocsf, ecs, cef, leef:
    one record a line."""
    encoding: str = ""
    """Encoding extensions are not available; must be empty."""
    append: bool = False
    """Accepted; files are always appended to, for a restart must not destroy what was delivered."""
    compression: Literal["", "none", "zstd"] = ""
    """Each message on its own, after its length (4 bytes, big-endian), also for json."""
    compression_params: CompressionParams = CompressionParams()
    """Effort of the compression."""
    flush_interval: Duration = 1.0
    """Accepted; records are on disk before they count as delivered."""
    group_by: GroupBy = GroupBy()
    """One file for each value of a resource attribute."""
    create_directory: bool = False
    """Create missing folders of `path` (with `group_by` they always are)."""
    directory_permissions: str = "0755"
    """Of folders that are created, octal."""

    def stays_here(self) -> str:
        """See `StaysHere`."""
        return "each machine writes files of its own, of what it processed itself"

    def not_erased(self) -> str:
        """See `DeliveryConfig`."""
        return "cannot: lines stay in the files until these are rotated away: delete them there"

    @model_validator(mode="after")
    def _check_file(self) -> Self:
        if not self.path:
            raise ValueError("path must be non-empty")
        if self.append and (self.rotation is not None or self.compression == "zstd"):
            raise ValueError("append and rotation or compression enabled at the same time is not supported")
        if self.encoding:
            raise ValueError("encoding: encoding extensions are not available; use `format`")
        if self.group_by.enabled and self.path.count("*") != 1:
            raise ValueError("path must contain exactly one * when group_by is enabled")
        if self.group_by.enabled and not self.group_by.resource_attribute:
            raise ValueError("resource_attribute must be non-empty when group_by is enabled")
        try:
            int(self.directory_permissions, 8)
        except ValueError:
            raise ValueError("directory_permissions must be octal, such as 0755") from None
        return self

    @property
    def framed(self) -> bool:
        """Messages follow their length; else they are lines."""
        return self.format == "proto" or self.compression == "zstd"
