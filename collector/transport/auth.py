"""`auth:` and `middlewares:` of listeners and clients: both name extensions."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, field_validator

from collector.component import ClientAuthenticator, Context
from collector.transport.block import Block

ExtensionId = Annotated[str, AfterValidator(lambda text: "/".join(part.strip() for part in text.split("/", 1)))]
"""`type` or `type/name`; that it is there, and what it is good for, is looked at with the whole configuration."""


class Auth(Block):
    """The `auth:` block."""

    authenticator: ExtensionId
    """Id of an extension, such as `bearertokenauth`; it must stand in `service.extensions`."""


class HttpServerAuth(Auth):
    """The `auth:` block of an HTTP listener."""

    request_params: list[str] = []
    """Query parameters that the authenticator finds like headers of that name, and before them."""


def client_authenticator(auth: Auth | None, context: Context) -> ClientAuthenticator | None:
    """What says who an exporter is, if it names one."""
    found: ClientAuthenticator | None = context.extensions[auth.authenticator] if auth is not None else None
    return found


class Middleware(Block):
    """One entry of `middlewares:`."""

    id: str
    """Id of an extension that wraps calls."""

    @field_validator("id")
    @classmethod
    def _known(cls, value: str) -> str:
        raise ValueError(f"unknown extension {value!r}: there are no middlewares")
