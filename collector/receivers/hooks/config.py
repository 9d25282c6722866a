"""The options of the `hooks` receiver: an HTTP listener's, under which address people reach it, and who may tell it what."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from collector.component import Config
from collector.ingress.listener_config import ListenerConfig
from collector.signed_links import LinkRules
from collector.units import ByteSize, Duration

_SHORTEST, _SHORTEST_KEY = 16, 32


class SecretsConfig(Config):
    """A system that proves itself."""

    secrets: list[SecretStr] = Field(min_length=1)
    """The secret of its webhook; several while one is being changed."""

    @field_validator("secrets")
    @classmethod
    def _long_enough(cls, secrets: list[SecretStr]) -> list[SecretStr]:
        if any(len(secret.get_secret_value()) < _SHORTEST for secret in secrets):
            raise ValueError(f"a secret has {_SHORTEST} characters or more: make one with `openssl rand -hex 32`")
        return secrets


class StatesConfig(SecretsConfig):
    """A system that tells what people did with an alert or a ticket."""

    ours: list[str] = Field([], max_length=20)
    """Accounts by which logboom itself changes things there: what they do is no news."""


class GitlabConfig(SecretsConfig):
    """A code host that tells of deployments."""

    service: str = Field("", max_length=255)
    """The service.name of what is deployed; empty: the name of the repository."""


class CodeHostConfig(StatesConfig):
    """A code host that tells of deployments, and of issues."""

    service: str = Field("", max_length=255)
    """The service.name of what is deployed; empty: the name of the repository."""


class HooksConfig(ListenerConfig):
    """Options of the `hooks` receiver."""

    probed: ClassVar[tuple[str, str]] = ("hooks", "/")  # no hook

    endpoint: str = "localhost:8082"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""
    public_url: str = ""
    """Where others reach this listener, such as `https://hooks.example.com`: what it shows of its addresses begins with it. With it messages to
    people carry signed links, which are followed here (`/act/…`)."""
    link_lifetime: Duration = Field(3 * 86_400.0, ge=60)
    """How long such a link can be followed."""
    link_keys: list[SecretStr] = Field([], max_length=4)
    """By what links are signed, where several machines share a `public_url`: the first signs, all are known. Empty: by a key of the data directory."""
    max_request_body_size: ByteSize = Field(1 << 20, ge=0)
    """The largest body, on the wire and again after decompression; 0 = 4 MiB. Each hook has a limit of its own below it."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may tell of deployments, and that needs no warning; never with several domains."""

    github: CodeHostConfig | None = None
    """`/hooks/github` takes GitHub's events `deployment_status` and `issues`, signed with a secret."""
    gitlab: GitlabConfig | None = None
    """`/hooks/gitlab` takes GitLab's deployment events, signed with a signing token, or with a secret token."""
    pagerduty: StatesConfig | None = None
    """`/hooks/pagerduty` takes PagerDuty's V3 webhooks about incidents, signed with a secret. `ours`: ids of users."""
    jira: StatesConfig | None = None
    """`/hooks/jira` takes Jira's webhooks about issues, signed with a secret. `ours`: account ids, addresses or names."""
    servicenow: StatesConfig | None = None
    """`/hooks/servicenow` takes what a business rule sends, with the secret as `X-Logboom-Token`. `ours`: user names."""
    jsm: StatesConfig | None = None
    """`/hooks/jsm` takes webhooks of Jira Service Management or Opsgenie, with the secret as header `X-Logboom-Token`. `ours`: user names."""
    slack: SecretsConfig | None = None
    """`/hooks/slack` takes what buttons of messages hold, signed with the app's signing secret."""

    def links(self) -> LinkRules | None:
        """See `TakesLinks.links`."""
        keys = [key.get_secret_value() for key in self.link_keys]
        return LinkRules(self.public_url, self.link_lifetime, keys) if self.public_url else None

    @field_validator("link_keys")
    @classmethod
    def _keys_are_long(cls, keys: list[SecretStr]) -> list[SecretStr]:
        if any(len(key.get_secret_value()) < _SHORTEST_KEY for key in keys):
            raise ValueError(f"a key has {_SHORTEST_KEY} characters or more: make one with `openssl rand -hex 32`")
        return keys

    @field_validator("public_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError(f"{value!r} is not an address: write https://host or https://host/path")
        return value.rstrip("/")
