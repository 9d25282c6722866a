"""`auth:` and `middlewares:` of listeners and clients: both name extensions."""

from __future__ import annotations

from typing import Annotated, Protocol

from pydantic import AfterValidator, field_validator

from collector.component import ClientAuthenticator, Context, ServerAuthenticator, SignsRequests
from collector.errors import LogboomError
from collector.transport.block import Block
from collector.transport.tls import TlsServerConfig

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


class Guarded(Protocol):
    """A listener's block, as far as it says who may come."""

    @property
    def auth(self) -> Auth | None: ...
    @property
    def tls(self) -> TlsServerConfig | None: ...


def authenticates(block: Guarded) -> bool:
    """Whether senders must prove who they are: an authenticator, or client certificates."""
    return block.auth is not None or bool(block.tls and block.tls.client_ca_file)


def server_authenticator(auth: Auth | None, context: Context) -> ServerAuthenticator | None:
    """What says who a listener's sender is, if it asks."""
    found: ServerAuthenticator | None = context.extensions[auth.authenticator] if auth is not None else None
    return found


def client_authenticator(auth: Auth | None, context: Context) -> ClientAuthenticator | None:
    """What says who an exporter is, if it names one."""
    found: ClientAuthenticator | None = context.extensions[auth.authenticator] if auth is not None else None
    return found


def metadata_authenticator(auth: Auth | None, context: Context) -> ClientAuthenticator | None:
    """The same for gRPC. Raises LogboomError for one that signs HTTP requests."""
    found = client_authenticator(auth, context)
    if auth is not None and isinstance(found, SignsRequests):
        raise LogboomError(
            f"exporters.{context.id}: {auth.authenticator} signs HTTP requests, and this exporter speaks gRPC"
        )
    return found


class Middleware(Block):
    """One entry of `middlewares:`."""

    id: str
    """Id of an extension that wraps calls."""

    @field_validator("id")
    @classmethod
    def _known(cls, value: str) -> str:
        raise ValueError(f"unknown extension {value!r}: there are no middlewares")
