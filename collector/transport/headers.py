"""Request headers of a client: a map, or a list of `{name, value}`; values are secrets and never shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr

from collector.component import AmendsHeaders, ClientAuthenticator

_NO_SECRETS = frozenset({"content-type", "content-encoding", "accept", "grpc-encoding"})
_LEAST_SECRET = 8
"""Shorter values are no credentials, and stand in many texts by chance."""


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


async def with_credentials(headers: Mapping[str, str], authenticator: ClientAuthenticator | None) -> dict[str, str]:
    """The headers of a request, and in the place of those with the same names what the authenticator says of us."""
    if authenticator is None:
        return dict(headers)
    if isinstance(authenticator, AmendsHeaders):
        return dict(await authenticator.amended(headers))
    shown = await authenticator.headers()
    names = {name.lower() for name in shown}
    return {**{name: value for name, value in headers.items() if name.lower() not in names}, **shown}


def without_credentials(answer: bytes, headers: Iterable[tuple[str, str]]) -> bytes:
    """A refusal's text is told to people: what it repeats of the request's secret headers is masked."""
    for name, value in headers:
        credential = value.rpartition(" ")[2].encode()  # behind `Bearer`, `Basic`, `Splunk`
        if name.lower() not in _NO_SECRETS and len(credential) >= _LEAST_SECRET:
            answer = answer.replace(credential, b"****")
    return answer
