"""`syslog_parser`: RFC 5424 and RFC 3164."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import numpy as np
import polars as pl

from collector.ottl.plain.strptime import Layout, LayoutError, layout_of, zone_of
from collector.stanza.absent import ABSENT
from collector.stanza.columns import Column, Rows, constant
from collector.stanza.frame import Frame
from collector.stanza.layouts import gotime
from collector.stanza.operation import Done, Options
from collector.stanza.operators.parsing import Parser, each
from collector.stanza.problems import Failed, OperatorError

_PRI = r"(?:<(?P<pri>\d{1,3})>)"
_5424 = re.compile(
    _PRI
    + r"?(?P<version>[1-9]\d{0,2}) (?P<time>\S+) (?P<hostname>\S+) (?P<appname>\S+) (?P<proc_id>\S+) (?P<msg_id>\S+)"
    r" (?P<data>-|(?:\[(?:[^\]\\\"]|\"(?:[^\"\\]|\\.)*\"|\\.)*\])+)(?: (?P<message>.*))?$",
    re.DOTALL,
)
_3164 = re.compile(
    _PRI + r"?(?P<time>[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}T\S+) (?P<hostname>\S+) "
    r"(?:(?P<appname>[^\s\[\]:]{1,48})(?:\[(?P<proc_id>[^\]]*)\])?: ?)?(?P<message>.*)$",
    re.DOTALL,
)
_ELEMENT = re.compile(r"\[([^\s=\]\"]+)((?: [^\s=\]\"]+=\"(?:[^\"\\]|\\.)*\")*)\]")
_PARAMETER = re.compile(r" ([^\s=\]\"]+)=\"((?:[^\"\\]|\\.)*)\"")
_COUNTED = re.compile(r"(\d{1,9}) ")
_LEVELS: Mapping[int, tuple[int, str]] = {
    0: (21, "emerg"), 1: (19, "alert"), 2: (18, "crit"), 3: (17, "err"), 4: (13, "warning"), 5: (10, "notice"), 6: (9, "info"), 7: (5, "debug"),
}  # fmt: skip
_RFC3339 = gotime("2006-01-02T15:04:05Z07:00")
_STAMPS: tuple[Layout, ...] = (layout_of("%b %e %H:%M:%S", "en"), layout_of("%b %e %Y %H:%M:%S", "en"), _RFC3339)


class SyslogParser(Parser):
    """Time and level go to the record, the rest where `parse_to` says."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._protocol = options.take("protocol", "")
        if self._protocol not in ("rfc3164", "rfc5424"):
            raise OperatorError(f"unsupported protocol {self._protocol!r}: rfc3164 or rfc5424")
        try:
            self._zone: tzinfo = zone_of(str(options.take("location", "UTC")))
        except LayoutError as error:
            raise OperatorError(str(error)) from None
        self._counted = options.flag("enable_octet_counting")
        self._skips = options.flag("allow_skip_pri_header")
        self._most = options.number("max_octets", 8192)
        trailer = options.take("non_transparent_framing_trailer")
        if trailer not in (None, "LF", "NUL"):
            raise OperatorError("non_transparent_framing_trailer is LF or NUL")
        if self._protocol == "rfc3164" and (self._counted or trailer):
            raise OperatorError("octet counting and trailers are of rfc5424")
        if self._counted and trailer:
            raise OperatorError("a message is counted or has a trailer")
        self._trailer = {"LF": "\n", "NUL": "\0", None: ""}[trailer]
        self._said: list[tuple[int | None, tuple[int, str] | None]] = []

    def apply(self, frame: Frame, rows: Rows) -> Done:
        self._said = []
        did = super().apply(frame, rows)
        good = rows if not len(did.failed) else did.on
        if len(self._said) == len(good):
            self._tell(frame, good)
        return did

    def _tell(self, frame: Frame, rows: Rows) -> None:
        timed = np.array([time is not None for time, _ in self._said], dtype=np.bool_)
        if timed.any():
            times = pl.Series([time for time, _ in self._said if time is not None], dtype=pl.UInt64)
            frame.put_field(
                "time_unix_nano", rows[timed], times, pl.Series([None], dtype=pl.UInt64).new_from_index(0, frame.height)
            )
        leveled = np.array([level is not None for _, level in self._said], dtype=np.bool_)
        if leveled.any():
            levels = [level for _, level in self._said if level is not None]
            frame.put_field(
                "severity_number", rows[leveled], [number for number, _ in levels], constant(ABSENT, frame.height)
            )
            words = pl.Series([word for _, word in levels], dtype=pl.String)
            frame.put_field(
                "severity_text",
                rows[leveled],
                words,
                pl.Series([None], dtype=pl.String).new_from_index(0, frame.height),
            )

    def parse(self, texts_: Column) -> list[Any]:
        return each(texts_, self._one)

    def _one(self, text: str) -> dict[str, Any]:
        text = self._bare(text)
        match = (_5424 if self._protocol == "rfc5424" else _3164).match(text)
        if match is None or (match["pri"] is None and not self._skips) or int(match["pri"] or 0) > 191:
            raise Failed(f"no message of {self._protocol}")
        found: dict[str, Any] = {}
        level = None
        if match["pri"] is not None:
            priority = int(match["pri"])
            found |= {"priority": priority, "facility": priority // 8}
            level = _LEVELS[priority % 8]
        names = ("hostname", "appname", "proc_id", "message", *(("msg_id",) if self._protocol == "rfc5424" else ()))
        found |= {name: match[name] for name in names if match[name] not in (None, "-", "")}
        if self._protocol == "rfc5424":
            found["version"] = int(match["version"])
            if match["data"] != "-":
                found["structured_data"] = _structured(match["data"])
        self._said.append((self._time(match["time"]), level))
        return found

    def _bare(self, text: str) -> str:
        if self._counted:
            match = _COUNTED.match(text)
            if match is None:
                raise Failed("the message does not begin with its length")
            size = int(match[1])
            if size > self._most:
                raise Failed(f"message too long to parse. was size {size}, max length {self._most}")
            return text[match.end() :]
        return text.removesuffix(self._trailer) if self._trailer else text.rstrip("\r\n")

    def _time(self, written: str) -> int | None:
        if written == "-":
            return None
        for layout in (_RFC3339,) if self._protocol == "rfc5424" else _STAMPS:
            try:
                return layout.parse(written, self._zone).nanoseconds
            except LayoutError:
                continue
        raise Failed("the time can't be read")


def _structured(text: str) -> dict[str, dict[str, str]]:
    return {
        match[1]: {name: re.sub(r"\\([\"\\\]])", r"\1", value) for name, value in _PARAMETER.findall(match[2])}
        for match in _ELEMENT.finditer(text)
    }
