"""`auth:` and `middlewares:` of a listener: both name extensions, and none of that kind exists here."""

from __future__ import annotations

from pydantic import field_validator

from collector.transport.block import Block


class Auth(Block):
    """The `auth:` block."""

    authenticator: str
    """Id of an extension that checks credentials."""
    request_params: list[str] = []
    """Query parameters handed to the authenticator."""

    @field_validator("authenticator")
    @classmethod
    def _known(cls, value: str) -> str:
        raise ValueError(
            f"unknown extension {value!r}: no authenticator of that name; use tls.client_ca_file for mutual TLS"
        )


class Middleware(Block):
    """One entry of `middlewares:`."""

    id: str
    """Id of an extension that wraps calls."""

    @field_validator("id")
    @classmethod
    def _known(cls, value: str) -> str:
        raise ValueError(f"unknown extension {value!r}: there are no middlewares")
