"""Fields of journald by OpenTelemetry's names: what `convert_to_semantic_conventions` does, as the Collector does it.

Sources: systemd.journal-fields(7); OpenTelemetry's logs data model, appendix A and B; semantic conventions of code, host, process.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from collector.severity_words import SYSLOG

_TEXTS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_ATTRIBUTES = {
    "CODE_FILE": "code.file.path",
    "CODE_FUNC": "code.function.name",
    "CODE_LINE": "code.line.number",
    "SYSLOG_FACILITY": "syslog.facility.code",
    "SYSLOG_IDENTIFIER": "syslog.identifier",
    "SYSLOG_PID": "syslog.pid",
    "SYSLOG_TIMESTAMP": "syslog.timestamp",
}
_RESOURCE = {
    "_HOSTNAME": "host.name",
    "_PID": "process.pid",
    "_EXE": "process.executable.path",
    "_CMDLINE": "process.command_line",
}
_NUMBERS = frozenset(("CODE_LINE", "SYSLOG_FACILITY", "SYSLOG_PID", "_PID"))
_INT64 = range(-(1 << 63), 1 << 63)
_DIGITS = 20


class Conventional(NamedTuple):
    """Body (None: there is no MESSAGE), number and text of its severity, attributes of record and resource."""

    body: Any
    severity: tuple[int, str] | None
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]


def conventional(entry: Mapping[str, Any]) -> Conventional:
    """What is no number where one must be keeps its name, as what is not known does: `journald.CODE_LINE`."""
    attributes: dict[str, Any] = {}
    resource: dict[str, Any] = {}
    for name, value in entry.items():
        if name in ("MESSAGE", "PRIORITY"):
            continue
        kept = _number(value) if name in _NUMBERS else value
        if name in _ATTRIBUTES and not (kept is None and name in _NUMBERS):
            attributes[_ATTRIBUTES[name]] = kept
        elif name in _RESOURCE and not (kept is None and name in _NUMBERS) and type(kept) in (str, int):
            resource[_RESOURCE[name]] = kept
        else:
            attributes[f"journald.{name}"] = value
    program = resource.get("process.executable.path")
    if program and (base := PurePosixPath(program).name):
        resource["process.executable.name"] = base
    return Conventional(entry.get("MESSAGE"), _severity(entry.get("PRIORITY")), attributes, resource)


def _severity(priority: Any) -> tuple[int, str] | None:
    if type(priority) is not str or priority not in "01234567" or len(priority) != 1:
        return None
    return SYSLOG[int(priority)], _TEXTS[int(priority)]


def _number(value: Any) -> int | None:
    if type(value) is not str:
        return None
    digits = value.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > _DIGITS or int(value) not in _INT64:
        return None
    return int(value)
