"""`ParseCEF`, `ParseLEEF`, `ParseCLF`: what devices and web servers write."""

from __future__ import annotations

import re
from typing import Any

from collector.ottl.plain import getters
from collector.ottl.plain.function import TEXT_TARGET, ArgumentError, Constants, Parameter, Registry
from collector.ottl.plain.kinds import EvaluationError

DEVICES = Registry()
_CLF = re.compile(
    r'(?P<remote_host>\S+) (?P<remote_logname>\S+) (?P<remote_user>\S+) \[(?P<timestamp>[^\]]+)\] "(?P<request_line>(?:[^"\\]|\\.)*)" '
    r'(?P<status>\d{3}|-) (?P<bytes_sent>\d+|-)(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<user_agent>(?:[^"\\]|\\.)*)")?\s*'
)
_HEADER = re.compile(r"(?<!\\)\|")
_CEF_KEY = re.compile(r"(?:^|\s)([A-Za-z0-9_.\[\]]+)=")


def _format_known(constants: Constants) -> None:
    if constants.get("format", "clf") not in ("clf", "combined"):
        raise ArgumentError("format", f"unknown format {constants['format']!r}: clf or combined")


@DEVICES.add(
    "ParseCLF", TEXT_TARGET, Parameter("format", getters.string, optional=True, default="clf"), check=_format_known
)
def _parse_clf(text: str, kind: str) -> dict[str, Any]:
    match = _CLF.fullmatch(text)
    if match is None or (kind == "combined") != (match.group("referer") is not None):
        raise EvaluationError(f"not a line of the format {kind}")
    found: dict[str, Any] = {key: value for key, value in match.groupdict().items() if value not in (None, "-")}
    for key in ("status", "bytes_sent"):
        if key in found:
            found[key] = int(found[key])
    method, _, rest = found["request_line"].partition(" ")
    uri, _, protocol = rest.partition(" ")
    if protocol:
        found |= {"method": method, "request_uri": uri, "protocol": protocol}
    return found


@DEVICES.add("ParseCEF", TEXT_TARGET)
def _parse_cef(text: str) -> dict[str, Any]:
    at = text.find("CEF:")
    parts = _HEADER.split(text[at + 4 :], maxsplit=7) if at >= 0 else []
    if len(parts) != 8:
        raise EvaluationError("not a message of CEF: seven parts and an extension are needed")
    names = ("version", "deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity")
    header = {name: _plain(part) for name, part in zip(names, parts, strict=False)}
    return {**header, "extensions": _extension(parts[7])}


def _extension(text: str) -> dict[str, Any]:
    starts = list(_CEF_KEY.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {match.group(1): _plain(text[match.end() : end]) for match, end in zip(starts, ends, strict=True)}


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "r": "\r"}.get(match.group(1), match.group(1)), text)


@DEVICES.add("ParseLEEF", TEXT_TARGET)
def _parse_leef(text: str) -> dict[str, Any]:
    at = text.find("LEEF:")
    parts = text[at + 5 :].split("|") if at >= 0 else []
    if len(parts) < 6:
        raise EvaluationError("not a message of LEEF: five parts and attributes are needed")
    second = parts[0].startswith("2")
    header = dict(zip(("version", "vendor", "product_name", "product_version", "event_id"), parts, strict=False))
    delimiter = _delimiter(parts[5]) if second else "\t"
    rest = "|".join(parts[6:] if second else parts[5:])
    pairs = (pair.partition("=") for pair in rest.split(delimiter) if pair)
    return {**header, "attributes": {key.strip(): value for key, between, value in pairs if between}}


def _delimiter(written: str) -> str:
    code = written.lower().removeprefix("0x").removeprefix("x")
    return chr(int(code, 16)) if len(written) > 1 and re.fullmatch(r"[0-9a-f]{2,4}", code) else written or "\t"
