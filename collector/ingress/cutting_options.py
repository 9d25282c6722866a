"""Options that say where records end in what is read: the Collector's `multiline` and `encoding`."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Annotated, Literal, Self

import re2
from pydantic import Field, model_validator

from collector.component import Config

if TYPE_CHECKING:
    from collector.ingress.cutting import Cutter

Pattern = Annotated[str, Field(max_length=4096)]


def checked_pattern(pattern: str) -> str:
    """Raises `ValueError`: it is none of RE2."""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{pattern!r} is no regular expression (RE2): {shown}") from None
    return pattern


class Multiline(Config):
    """Records of several lines."""

    line_start_pattern: Pattern = ""
    """What a record's first line begins with."""
    line_end_pattern: Pattern = ""
    """What a record's last line ends with; one of the two."""
    omit_pattern: bool = False
    """What fits the pattern is no part of the record."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.line_start_pattern) == bool(self.line_end_pattern):
            raise ValueError("set exactly one of line_start_pattern and line_end_pattern")
        checked_pattern(self.line_start_pattern or self.line_end_pattern)
        return self


_SPELLED = {"nop": "", "": "utf-8", "utf8": "utf-8", "utf-8-raw": "utf-8", "utf16": "utf-16-le", "utf-16": "utf-16-le"}


def codec_of(encoding: str) -> str:
    """The codec of an encoding's name; empty: bodies are bytes. Raises `ValueError`."""
    name = _SPELLED.get(encoding.lower(), encoding.lower())
    if not name:
        return ""
    try:
        found = codecs.lookup(name)
        if not isinstance("".encode(name), bytes):
            raise LookupError
    except LookupError:
        raise ValueError(f"unsupported encoding '{encoding}'") from None
    return found.name


def cutter_of(
    multiline: Multiline | None, encoding: str, longest: int, behaviour: Literal["split", "truncate"] = "split"
) -> Cutter:
    """What cuts so. `longest`: bytes of a record."""
    from collector.ingress.cutting import Decoding, Lines, Patterns

    cutter: Cutter = Lines(longest, behaviour)
    if multiline is not None:
        start, end = multiline.line_start_pattern, multiline.line_end_pattern
        cutter = Patterns(start or end, "start" if start else "end", longest, behaviour, multiline.omit_pattern)
    codec = codec_of(encoding)
    return cutter if codec in ("", "utf-8") else Decoding(codec, cutter)
