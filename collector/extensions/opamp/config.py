"""Options of `opamp`: the names of the OpenTelemetry Collector's extension and of its OpAMP Supervisor."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from collector.component import Config
from collector.transport.auth import Auth
from collector.transport.block import Block
from collector.transport.headers import Headers
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear
from collector.transport.tls import TlsClientConfig
from collector.units import Duration

_ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_LENGTH, _UID_BITS = 26, 128

AuthByName = Annotated[
    Auth | None,
    BeforeValidator(
        lambda value: {"authenticator": value} if isinstance(value, str) else value,
        json_schema_input_type=Auth | str | None,
    ),
]
"""The Collector's form is the id alone."""


class Connection(Block):
    """How the server is reached."""

    endpoint: str
    """URL of the server, path included."""
    tls: TlsClientConfig = TlsClientConfig()
    """For `wss://` and `https://`; the URL decides whether TLS is spoken."""
    headers: Headers = {}
    """Sent with each request: a map, or a list of `{name, value}`. Values are secrets."""
    auth: AuthByName = None
    """Id of the extension that says who we are."""

    def client(self) -> HttpClientConfig:
        """The same as options of an HTTP client. Raises ValueError: the URL is none."""
        url = self.endpoint
        for websocket, plain in (("ws://", "http://"), ("wss://", "https://")):
            url = plain + url.removeprefix(websocket) if url.startswith(websocket) else url
        return HttpClientConfig(endpoint=url, tls=self.tls, headers=self.headers, auth=self.auth)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        self.client()
        return self


class Polled(Connection):
    """Over plain HTTP."""

    polling_interval: Duration = 30.0
    """How often to ask; 0 = 30 s."""

    @property
    def polling_secs(self) -> float:
        """In seconds."""
        return self.polling_interval or 30.0


class Server(Block):
    """Exactly one of both."""

    ws: Connection | None = None
    """A WebSocket: what the server has to say comes at once."""
    http: Polled | None = None
    """Plain HTTP: asked again and again."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.ws is None) == (self.http is None):
            raise ValueError("write either ws or http")
        return self

    @property
    def connection(self) -> Connection:
        """The one that is written."""
        found = self.ws or self.http
        assert found is not None
        return found


class Capabilities(Block):
    """What is reported, and what the server may do here."""

    reports_effective_config: bool = True
    """The configuration that runs, without secrets."""
    reports_health: bool = True
    """Health of the service, its pipelines and components."""
    reports_available_components: bool = True
    """Which types of components there are."""
    reports_heartbeat: bool = True
    """A message each `heartbeat_interval`, though nothing has changed."""
    accepts_remote_config: bool = False
    """Let the server give configurations: within what `remote_config` says, checked, and taken back when they don't start."""
    reports_remote_config: bool = True
    """What became of them; accepted, for it is always told."""
    accepts_restart_command: bool = False
    """Let the server have the configuration read again, with new processes: what SIGHUP does."""


class AgentDescription(Block):
    """What is said of this logboom beside its name and version."""

    include_resource_attributes: bool = False
    """Also say what stands in `service.telemetry.resource`."""
    non_identifying_attributes: dict[str, str] = {}
    """Further attributes; they take the place of those of the same name."""


class RemoteConfig(Block):
    """What remote configurations may do beyond arranging pipelines and declaring components that touch nothing of this machine."""

    allow: list[str] = []
    """Types of components that they may declare or change, though the type runs programs, reads or writes files here, or is declared here:
    `file_log`, `otlp`."""
    variables: list[str] = []
    """Variables of the environment that they may name: `${env:API_KEY}`."""
    files: bool = False
    """They may name files in options such as `cert_file`, and `${file:…}`: what this user may read, the server can have sent anywhere."""


class OpampConfig(Config):
    """Which server, what it is told, and what it may do."""

    server: Server
    """Where it is."""
    instance_uid: str = ""
    """Id of this logboom, a UUID; empty: made at the first start, and kept in the data directory."""
    capabilities: Capabilities = Capabilities()
    """What is reported, and what the server may do here."""
    agent_description: AgentDescription = AgentDescription()
    """What is said of this logboom beside its name and version."""
    remote_config: RemoteConfig = RemoteConfig()
    """Bounds of remote configurations."""
    heartbeat_interval: Duration = Field(30.0, gt=0)
    """Over a WebSocket; the server may ask for another one."""
    ppid: int = Field(0, ge=0)
    """Process whose end ends this logboom, in good order; 0 = none."""
    ppid_poll_interval: Duration = 5.0
    """How often it is looked for; 0 = 5 s."""

    @model_validator(mode="before")
    @classmethod
    def _of_its_first_releases(cls, given: Any) -> Any:
        """The connection's options stood beside the others, then."""
        if not isinstance(given, Mapping) or "server" in given or "endpoint" not in given:
            return given
        connection = {name: given[name] for name in ("endpoint", "tls", "headers", "auth") if name in given}
        kind = "ws" if str(given["endpoint"]).startswith("ws") else "http"
        return {"server": {kind: connection}} | {name: value for name, value in given.items() if name not in connection}

    @field_validator("instance_uid")
    @classmethod
    def _is_uid(cls, text: str) -> str:
        if text:
            parse_uid(text)
        return text

    def cautions(self) -> Mapping[str, str]:
        """Who stands between could read what is reported, and give configurations."""
        kind, secure = ("ws", "wss") if self.server.ws else ("http", "https")
        if not leaves_in_the_clear(self.server.connection.client().endpoint):
            return {}
        does = "read it, and give other configurations" if self.capabilities.accepts_remote_config else "read it"
        return {
            f"server.{kind}.endpoint": f"what is reported goes in the clear, and whoever stands between can {does}: write {secure}://"
        }


def parse_uid(text: str) -> bytes:
    """16 bytes of a UUID, or of a ULID as earlier Collectors took it. Raises ValueError."""
    if len(text) == _ULID_LENGTH and all(letter in _ULID for letter in text.upper()):
        number = 0
        for letter in text.upper():
            number = number * len(_ULID) + _ULID.index(letter)
        if number >> _UID_BITS == 0:
            return number.to_bytes(16, "big")
    try:
        return uuid.UUID(text).bytes
    except ValueError:
        raise ValueError("instance_uid is no UUID, such as 0198c5f0-7a3b-7c11-9d5e-3f6a2b1c4d5e") from None
