"""Options of files that are followed: the Collector's names and defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from collector.component import Config
from collector.ingress.cutting_options import Multiline, Pattern, checked_pattern, codec_of, cutter_of
from collector.units import ByteSize, Duration

if TYPE_CHECKING:
    from collector.ingress.cutting import Cutter


class SortBy(Config):
    """One rule of an order."""

    regex_key: str = ""
    """The group of `regex` whose text is compared."""
    sort_type: Literal["numeric", "alphabetical", "timestamp", "mtime"]
    """How it is compared; `mtime`: by when the file was changed."""
    location: str = "UTC"
    """The zone of timestamps."""
    layout: str = ""
    """How timestamps are written (strptime)."""
    ascending: bool = False
    """The smallest first."""


class OrderingCriteria(Config):
    """Only the first files of an order are read."""

    regex: Pattern = ""
    """Finds in a path what is compared; named groups."""
    group_by: Pattern = ""
    """Files whose first group of it is the same are ordered among themselves."""
    top_n: int = Field(1, ge=1)
    """How many of each group are read."""
    sort_by: list[SortBy] = []
    """The rules, the most important first."""

    @field_validator("regex", "group_by")
    @classmethod
    def _valid(cls, pattern: str) -> str:
        return checked_pattern(pattern)

    @model_validator(mode="after")
    def _keys(self) -> Self:
        if any(rule.sort_type != "mtime" and not rule.regex_key for rule in self.sort_by):
            raise ValueError("sort_by needs regex_key")
        return self


class FilesConfig(Config):
    """Which files, from where, in which pieces, and what is set of each of them."""

    former_names: ClassVar[Mapping[str, str]] = {"max_batch_files": "max_batches"}
    removed_options: ClassVar[Mapping[str, str]] = {
        "start_at_beginning": "write start_at: beginning",
        "include_file_name_only": "write include_file_path: false",
    }

    include: list[str] = Field(min_length=1)
    """Which files: `*`, `?`, `[a-z]`, `{a,b}`, and `**` over any number of folders."""
    exclude: list[str] = []
    """Which of them are not."""
    exclude_older_than: Duration = 0.0
    """A file that was not changed for so long is not begun; 0: every one is."""
    start_at: Literal["beginning", "end"] = "end"
    """Where a file is begun that is there at the first start: when no place of any file is known. What comes later is read from its beginning, what was read before goes on."""
    poll_interval: Duration = Field(0.2, gt=0)
    """How often files that grow are looked at. Whether there are new ones is looked for as often, but for at most a hundredth of the time."""
    max_concurrent_files: int = Field(1024, ge=2)
    """How many files are open at a time; others wait closed."""
    max_batches: int = Field(0, ge=0)
    """Accepted, and does nothing: every file gets its turn."""
    encoding: str = "utf-8"
    """`utf-8`, `utf-8-raw`, `ascii`, `utf-16le`, `utf-16be`, `big5` … as the bodies are written; `nop`: bodies are bytes."""
    fingerprint_size: ByteSize = Field(1000, ge=16)
    """By how many of its first bytes a file is known again, besides its inode."""
    initial_buffer_size: ByteSize = 16 << 10
    """Accepted, and does nothing."""
    max_log_size: ByteSize = Field(1 << 20, ge=1)
    """The largest record."""
    max_log_size_behavior: Literal["split", "truncate"] = "split"
    """What is longer becomes several records, or its rest is left out."""
    force_flush_period: Duration = 0.5
    """What has no end yet is a record after so long without more; 0: it waits."""
    preserve_leading_whitespaces: bool = False
    """Keep white space in front of records."""
    preserve_trailing_whitespaces: bool = False
    """Keep white space behind them."""
    compression: Literal["", "gzip", "auto"] = ""
    """`gzip`: all files are; `auto`: those that begin so."""
    multiline: Multiline | None = None
    """Records of several lines."""
    include_file_name: bool = True
    """Set `log.file.name`."""
    include_file_path: bool = False
    """Set `log.file.path`."""
    include_file_name_resolved: bool = False
    """Set `log.file.name_resolved`: behind symbolic links."""
    include_file_path_resolved: bool = False
    """Set `log.file.path_resolved`."""
    include_file_owner_name: bool = False
    """Set `log.file.owner.name`."""
    include_file_owner_group_name: bool = False
    """Set `log.file.owner.group.name`."""
    include_file_permissions: bool = False
    """Set `log.file.permissions`, such as `0644`."""
    include_file_record_number: bool = False
    """Set `log.file.record_number`."""
    include_file_record_offset: bool = False
    """Set `log.file.record_offset`."""
    delete_after_read: bool = False
    """Delete a file once all of it is in the journal; needs `start_at: beginning`."""
    acquire_fs_lock: bool = False
    """Read a file only with a shared lock on it."""
    file_cache_advise: bool = False
    """Tell the kernel that it need not keep what was read."""
    on_truncate: Literal["ignore", "read_whole_file", "read_new"] = "ignore"
    """A file that is shorter than what was read of it, and begins as before: wait until it is longer, read it again, or what is new from its end on."""
    polls_to_archive: int = Field(0, ge=0)
    """Accepted, and does nothing: places are kept until a file is gone for a day."""
    ordering_criteria: OrderingCriteria = OrderingCriteria()
    """Only the first files of an order are read."""

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        codec_of(encoding)
        return encoding

    @field_validator("ordering_criteria", mode="before")
    @classmethod
    def _no_order(cls, given: Any) -> Any:
        return {} if given is None else given

    @field_validator("exclude", mode="before")
    @classmethod
    def _none(cls, given: Any) -> Any:
        return [] if given is None else given

    @field_validator("include", "exclude")
    @classmethod
    def _absolute(cls, patterns: list[str]) -> list[str]:
        return [os.path.normpath(pattern) if pattern else pattern for pattern in patterns]

    @model_validator(mode="after")
    def _deletes(self) -> Self:
        if self.delete_after_read and self.start_at != "beginning":
            raise ValueError("delete_after_read needs start_at: beginning")
        return self

    def cutter(self) -> Cutter:
        """Where records end."""
        return cutter_of(self.multiline, self.encoding, self.max_log_size, self.max_log_size_behavior)
