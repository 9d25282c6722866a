"""The options of the `hooks` receiver: an HTTP listener's, and under which address people reach it."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from collector.component import Config
from collector.ingress.listener_config import ListenerConfig
from collector.units import ByteSize

_SHORTEST = 16


class CodeHostConfig(Config):
    """A code host that tells of deployments."""

    secrets: list[SecretStr] = Field(min_length=1)
    """The secret of its webhook; several while one is being changed."""
    service: str = Field("", max_length=255)
    """The service.name of what is deployed; empty: the name of the repository."""

    @field_validator("secrets")
    @classmethod
    def _long_enough(cls, secrets: list[SecretStr]) -> list[SecretStr]:
        if any(len(secret.get_secret_value()) < _SHORTEST for secret in secrets):
            raise ValueError(f"a secret has {_SHORTEST} characters or more: make one with `openssl rand -hex 32`")
        return secrets


class HooksConfig(ListenerConfig):
    """Options of the `hooks` receiver."""

    probed: ClassVar[tuple[str, str]] = ("hooks", "/")  # no hook

    endpoint: str = "localhost:8082"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""
    public_url: str = ""
    """Where others reach this listener, such as `https://hooks.example.com`: what it shows of its addresses begins with it."""
    max_request_body_size: ByteSize = Field(1 << 20, ge=0)
    """The largest body, on the wire and again after decompression; 0 = 4 MiB. Each hook has a limit of its own below it."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may tell of deployments, and that needs no warning; never with several domains."""

    github: CodeHostConfig | None = None
    """`/hooks/github` takes GitHub's event `deployment_status`, signed with a secret."""
    gitlab: CodeHostConfig | None = None
    """`/hooks/gitlab` takes GitLab's deployment events, signed with a signing token, or with a secret token."""

    @field_validator("public_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError(f"{value!r} is not an address: write https://host or https://host/path")
        return value.rstrip("/")
