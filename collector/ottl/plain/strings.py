"""Converters of texts."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from typing import Any

from collector.ottl.plain import getters
from collector.ottl.plain.comparing import same
from collector.ottl.plain.formatting import sprintf
from collector.ottl.plain.function import TARGET, TEXT_TARGET, ArgumentError, Constants, Parameter, Registry
from collector.ottl.plain.kinds import IDS, EvaluationError, named
from collector.ottl.plain.patterns import checked, found

STRINGS = Registry()
_DELIMITERS = " _-."
_NO_DECODER = frozenset({"gb2312"})
_AS_UTF8 = frozenset({"ascii", "us-ascii"})
"""What the Collector reads as UTF-8."""


@STRINGS.add("Concat", Parameter("values", getters.text, items=True), Parameter("delimiter", getters.string))
def _concat(values: list[str | None], delimiter: str) -> str:
    return delimiter.join("<nil>" if value is None else value for value in values)


def _case_known(constants: Constants) -> None:
    case = constants.get("toCase")
    if case is not None and case not in _CASES:
        raise ArgumentError("toCase", f"invalid case {case!r}: {', '.join(_CASES)}")


@STRINGS.add("ConvertCase", TEXT_TARGET, Parameter("toCase", getters.string), check=_case_known)
def _convert_case(text: str, case: str) -> str:
    if case not in _CASES:
        raise EvaluationError(f"invalid case: {case}")
    return str(_CASES[case](text))


def snake_case(text: str) -> str:
    """`fooBar` → `foo_bar`, `CPUUtilization` → `cpu_utilization` (upstream: iancoleman/strcase)."""
    text = text.strip()
    out = []
    for at, char in enumerate(text):
        after = text[at + 1 : at + 2]
        upper, lower, digit = _upper(char), _lower(char), _digit(char)
        changes = bool(after) and (
            (upper and (_lower(after) or _digit(after)))
            or (lower and (_upper(after) or _digit(after)))
            or (digit and (_upper(after) or _lower(after)))
        )
        if changes:
            if upper and _lower(after) and at > 0 and _upper(text[at - 1]):
                out.append("_")
            out.append(char.lower() if upper else char)
            if lower or digit or _digit(after):
                out.append("_")
        else:
            out.append("_" if char in _DELIMITERS else char.lower() if upper else char)
    return "".join(out)


def camel_case(text: str) -> str:
    """`foo_bar` → `FooBar` (upstream: iancoleman/strcase)."""
    text = text.strip()
    text = "id" if text == "ID" else text
    out, capital, before_upper = [], True, False
    for char in text:
        upper, lower = _upper(char), _lower(char)
        written = (
            char.upper() if capital and lower else char.lower() if not capital and before_upper and upper else char
        )
        before_upper = upper
        if upper or lower:
            out.append(written)
            capital = False
        elif _digit(char):
            out.append(char)
            capital = True
        else:
            capital = char in _DELIMITERS
    return "".join(out)


def _upper(char: str) -> bool:
    return "A" <= char <= "Z"


def _lower(char: str) -> bool:
    return "a" <= char <= "z"


def _digit(char: str) -> bool:
    return "0" <= char <= "9"


def upper_case(text: str) -> str:
    """A character for a character, as Go does it: `ß` stays."""
    return text.upper() if text.isascii() else "".join(up if len(up := char.upper()) == 1 else char for char in text)


def lower_case(text: str) -> str:
    """A character for a character: a sigma has one form, at the end of a word, too."""
    return text.lower() if text.isascii() else "".join(char.lower()[0] for char in text)


_CASES = {"lower": lower_case, "upper": upper_case, "snake": snake_case, "camel": camel_case}
STRINGS.add("ToLowerCase", TEXT_TARGET)(lower_case)
STRINGS.add("ToUpperCase", TEXT_TARGET)(upper_case)
STRINGS.add("ToSnakeCase", TEXT_TARGET)(snake_case)
STRINGS.add("ToCamelCase", TEXT_TARGET)(camel_case)


@STRINGS.add("Split", TEXT_TARGET, Parameter("delimiter", getters.string))
def _split(text: str, delimiter: str) -> list[str]:
    return text.split(delimiter) if delimiter else list(text)


@STRINGS.add(
    "Substring",
    TEXT_TARGET,
    Parameter("start", getters.integer),
    Parameter("length", getters.integer),
    Parameter("utf8_safe", optional=True, default=False),
)
def _substring(text: str, start: int, length: int, whole_characters: bool) -> str:
    data = text.encode()
    if start < 0:
        raise EvaluationError(f"invalid start for substring function, {start} cannot be negative")
    if length <= 0:
        raise EvaluationError(f"invalid length for substring function, {length} cannot be negative or zero")
    if start + length > len(data):
        raise EvaluationError(f"invalid range for substring function, {start + length} is beyond {len(data)}")
    return data[start : start + length].decode("utf-8", "ignore" if whole_characters else "replace")


@STRINGS.add("Format", Parameter("formatString", getters.string), Parameter("formatArguments", items=True))
def _format(pattern: str, values: list[Any]) -> str:
    return sprintf(pattern, values)


@STRINGS.add("HasPrefix", Parameter("value", getters.string), Parameter("prefix", getters.string))
def _has_prefix(text: str, prefix: str) -> bool:
    return text.startswith(prefix)


@STRINGS.add("HasSuffix", Parameter("value", getters.string), Parameter("suffix", getters.string))
def _has_suffix(text: str, suffix: str) -> bool:
    return text.endswith(suffix)


@STRINGS.add("Trim", TEXT_TARGET, Parameter("replacement", getters.string, optional=True, default=" "))
def _trim(text: str, gone: str) -> str:
    return text.strip(gone)


@STRINGS.add("TrimPrefix", TEXT_TARGET, Parameter("prefix", getters.string))
def _trim_prefix(text: str, prefix: str) -> str:
    return text.removeprefix(prefix)


@STRINGS.add("TrimSuffix", TEXT_TARGET, Parameter("suffix", getters.string))
def _trim_suffix(text: str, suffix: str) -> str:
    return text.removesuffix(suffix)


@STRINGS.add(
    "IsMatch", Parameter("target", getters.text), Parameter("pattern", getters.string), check=checked("pattern")
)
def _is_match(text: str | None, pattern: str) -> bool:
    return text is not None and found(pattern, text)


@STRINGS.add("Index", TARGET, Parameter("value"))
def _index(target: Any, item: Any) -> int:
    if isinstance(target, str):
        return len(target[:at].encode()) if (at := target.find(getters.string(item))) >= 0 else -1
    return next((at for at, one in enumerate(getters.sequence(target)) if same(one, item)), -1)


@STRINGS.add("String", TARGET)
def _string(value: Any) -> str | None:
    return getters.text(value)


@STRINGS.add("Hex", TARGET)
def _hex(value: Any) -> str:
    if isinstance(value, IDS):
        return value.hex()
    return (getters.bytes_like(value) or b"").hex()


_BASE64 = {
    "base64": (False, True),
    "base64-raw": (False, False),
    "base64-url": (True, True),
    "base64-raw-url": (True, False),
}


@STRINGS.add("Decode", TARGET, Parameter("encoding", getters.string))
def _decode(value: Any, encoding: str) -> str:
    if not isinstance(value, str | bytes):
        raise EvaluationError(f"unsupported type provided to Decode function: {named(value).removesuffix('64')}")
    data = value.encode() if isinstance(value, str) else bytes(value)
    if encoding in _BASE64:
        return from_base64(data, *_BASE64[encoding]).decode("utf-8", "replace")
    try:
        codec = codecs.lookup("utf-8" if encoding.lower() in _AS_UTF8 else encoding)
    except LookupError:
        raise EvaluationError(f"could not get encoding for {encoding}") from None
    if codec.name in _NO_DECODER or not codec._is_text_encoding:
        raise EvaluationError(f"no decoder available for encoding: {encoding}")
    return str(codec.decode(data, "replace")[0])


def from_base64(data: bytes, url: bool, padded: bool) -> bytes:
    """Strictly, as Go decodes it: padding where there is to be some, nothing that is not of the alphabet but line ends."""
    cleaned = data.replace(b"\r", b"").replace(b"\n", b"")
    try:
        if not padded:
            if b"=" in cleaned:
                raise ValueError
            cleaned += b"=" * (-len(cleaned) % 4)
        return base64.b64decode(cleaned, altchars=b"-_" if url else None, validate=True)
    except (binascii.Error, ValueError):
        at = re.search(rb"[^A-Za-z0-9+/]" if not url else rb"[^A-Za-z0-9_-]", cleaned)
        raise EvaluationError(f"illegal base64 data at input byte {at.start() if at else len(cleaned)}") from None


@STRINGS.add("Base64Decode", TEXT_TARGET)
def _base64_decode(text: str) -> str:
    return from_base64(text.encode(), False, True).decode("utf-8", "replace")


@STRINGS.add("Base64Encode", TEXT_TARGET, Parameter("variant", getters.string, optional=True, default="base64"))
def _base64_encode(text: str, variant: str) -> str:
    if variant not in _BASE64:
        raise EvaluationError(f"unsupported variant: {variant}")
    url, padded = _BASE64[variant]
    encoded = (base64.urlsafe_b64encode if url else base64.b64encode)(text.encode()).decode()
    return encoded if padded else encoded.rstrip("=")
