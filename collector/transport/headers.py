"""Request headers of a client: a map, or a list of `{name, value}`; values are secrets and never shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr


def _as_map(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    headers = {}
    for item in value:
        if not isinstance(item, Mapping) or item.keys() != {"name", "value"}:
            raise ValueError("each header of a list has exactly `name` and `value`")
        headers[item["name"]] = item["value"]
    return headers


def _checked(value: Any) -> Any:
    if isinstance(value, Mapping):
        for name, text in value.items():
            if not isinstance(name, str) or not name.isascii() or not name or set(name) & set(" \r\n\0:"):
                raise ValueError(f"{name!r} is not the name of a header")
            shown = text.get_secret_value() if isinstance(text, SecretStr) else text
            if isinstance(shown, str) and set(shown) & set("\r\n\0"):
                raise ValueError(f"the value of header {name!r} holds a line break")  # never the value itself
    return value


Headers = Annotated[dict[str, SecretStr], BeforeValidator(_checked), BeforeValidator(_as_map)]
"""Name → value. Read the values with `revealed`, at the socket."""


def revealed(headers: Mapping[str, SecretStr]) -> dict[str, str]:
    """The headers as they go over the wire."""
    return {name: value.get_secret_value() for name, value in headers.items()}
