"""What must never be shown: values from the environment or from files, and options named like a secret."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from collector.settings.tree import Node, scalars

REDACTED = "[redacted]"

_WORDS = (
    r"pass(?:word|phrase|wd)?|secret(?:s)?|tokens?|api_?-?keys?|access_?-?keys?|private_?-?keys?|hash_?-?keys?|key_pem|cert_pem"
    r"|credentials?|authorization|cookie|dsn|headers|connection_?string|htpasswd|inline|sas_url|account_key|license_key"
)
_SECRET_NAME = re.compile(rf"(?:^|[_\-.])(?:{_WORDS})$|(?:password|secret|token|api_?key)$", re.IGNORECASE)
_USER_INFO = re.compile(r"(://)[^/@\s\"']+(?=@)")
_REFERENCE = r"\$\{[^}]*\}"
_MAP = rf"\{{(?:{_REFERENCE}|[^{{}}])*\}}"
_PAIR = re.compile(
    r"(?P<key>[\w.\-]+)(?P<quote>[\"']?\s*[:=]\s*)"
    rf"(?P<value>{_REFERENCE}|{_MAP}|\"[^\"]*\"|'[^']*'|\[[^\]]*\]|[^,{{}}\[\]]+)"
)
_HEADER = re.compile(r"\b(bearer|basic|splunk|apikey|api-key)\s+[^\s\"',}\]]+", re.IGNORECASE)
_EXPRESSION = re.compile(r"^[\"']?\$\{[^}]*\}[\"']?$")
_LEAST_FRAGMENT = 4


_EXTENSION = "api_keys"
"""Named like a secret, and none: an extension, whose block is shown like any other's."""


def is_secret_name(key: str) -> bool:
    """Whether an option of this name holds a secret (`token`, `api_key`, `client_secret`, `authorization`…)."""
    return key != _EXTENSION and _SECRET_NAME.search(key) is not None


def without_user_info(text: str) -> str:
    """A text with the names and passwords of its URLs hidden."""
    return _USER_INFO.sub(rf"\1{REDACTED}", text)


def without(text: str, hidden: Collection[str]) -> str:
    """A text with those that must not be shown replaced; of three characters and less they stand in many texts by chance."""
    for each in sorted(hidden, key=len, reverse=True):
        if len(each) >= _LEAST_FRAGMENT:
            text = text.replace(each, REDACTED)
    return text


def hidden_texts(node: Node, key: str = "") -> Iterator[str]:
    """The texts below `node` that must not be shown."""
    for name, scalar in scalars(node, key):
        if scalar.text and (scalar.origin or is_secret_name(name) or is_secret_name(key)):
            yield scalar.text


def redact_message(message: str, node: Node, key: str = "") -> str:
    """`message` without any hidden value of `node`; a generic sentence when a part of one might be left."""
    for text in sorted(set(hidden_texts(node, key)), key=len, reverse=True):
        for form in (repr(text), f'"{text}"', text) if len(text) >= _LEAST_FRAGMENT else (repr(text), f'"{text}"'):
            message = message.replace(form, REDACTED)
        parts = [text, *(part for part in re.split(r"\W+", text) if len(part) >= _LEAST_FRAGMENT)]
        if any(part in message.replace(REDACTED, "") for part in parts):
            return f"the value is not valid here ({REDACTED})"
    return without_user_info(message)


def redact_line(lines: list[str], number: int) -> str:
    """Line `number` (from 1) of a file, with what must not be shown replaced.

    A line below a secret option (a block scalar, a list) is hidden whole; `${env:NAME}` stays, it shows nothing.
    """
    line = lines[number - 1]
    if any(is_secret_name(key) for key in _ancestors(lines, number - 1)):
        indent = line[: len(line) - len(line.lstrip())]
        return indent + REDACTED
    line = _PAIR.sub(_redact_pair, without_user_info(line))
    return _HEADER.sub(rf"\1 {REDACTED}", line)


def _redact_pair(match: re.Match[str]) -> str:
    value = match["value"]
    if not is_secret_name(match["key"]) and value.startswith("{"):  # a map in a line: its own keys decide
        return match["key"] + match["quote"] + _PAIR.sub(_redact_pair, value)
    if not is_secret_name(match["key"]) or _EXPRESSION.match(value.strip()) or not value.strip():
        return match[0]
    return match["key"] + match["quote"] + REDACTED


def _ancestors(lines: list[str], index: int) -> Iterator[str]:
    """The keys of the mappings that the line stands in, judged by indentation."""
    indent = _indent(lines[index])
    for line in reversed(lines[:index]):
        if line.strip() and not line.lstrip().startswith("#") and (here := _indent(line)) < indent:
            indent = here
            key = re.match(r"\s*(?:- )?[\"']?([\w.\-]+)[\"']?\s*:", line)
            if key:
                yield key[1]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
