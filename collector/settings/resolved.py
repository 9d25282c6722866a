"""A configuration as it was understood: merged, expanded, in one piece, without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr

from collector.settings.load import Loaded
from collector.settings.redaction import REDACTED, is_secret_name, without_user_info
from collector.settings.tree import Listing, Mapping, Node, Scalar

_SHORTEST_SECRET = 4
"""Of a part of a longer text; shorter ones would hide half of the file."""


def resolved(loaded: Loaded) -> dict[str, Any]:
    """The sections as plain values.

    Hidden is what an option declares as a secret, what is named like one, whatever stands below `headers`, a value that is
    a file's content, one of a variable that is named like a secret, and a password within a URL.
    """
    settings = loaded.settings
    parts = [settings.receivers, settings.processors, settings.exporters, settings.connectors, settings.extensions]
    secrets = {text for part in parts for component in part.values() for text in secrets_of(component.config)}
    shown: dict[str, Any] = _shown(loaded.root, "", secrets)
    return shown


def secrets_of(value: Any) -> Iterator[str]:
    """The texts of all secrets below an option."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from secrets_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from secrets_of(item)


def _shown(node: Node, key: str, secrets: set[str], within: str = "") -> Any:
    """`within` is where the block that holds `node` came from."""
    if isinstance(node, Mapping):
        hidden = is_secret_name(key)
        below = {name: entry.node for name, entry in node.entries.items()}
        return {name: _shown(child, key if hidden else name, secrets, node.origin) for name, child in below.items()}
    if isinstance(node, Listing):
        return [_shown(item, key, secrets, node.origin) for item in node.items]
    if node.value is None or node.value == "":
        return node.value
    if _is_secret(node, key, secrets, within):
        return REDACTED
    return without_user_info(node.value) if isinstance(node.value, str) else node.value


def _is_secret(node: Scalar, key: str, secrets: set[str], within: str) -> bool:
    scheme, _, name = node.origin.partition(":")
    if is_secret_name(key) or is_secret_name(name) or (scheme == "file" and node.origin != within):
        return True
    parts = (secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
    return node.text in secrets or any(secret in node.text for secret in parts)
