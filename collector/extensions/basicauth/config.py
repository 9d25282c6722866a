"""Options of `basicauth`: the OpenTelemetry Collector's names, with `domains` added."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import SecretStr, field_validator, model_validator

from collector.component import Config, Use
from collector.domains.names import domain_name


class Htpasswd(Config):
    """Users of senders; the same name in both counts as it stands in `inline`."""

    file: str = ""
    """A file as Apache's `htpasswd` writes it: bcrypt, `{SHA}`, `$apr1$`, `$5$`, `$6$`, crypt, or text in clear; read again within a
    second when it changes."""
    inline: SecretStr = SecretStr("")
    """The same as text, a user a line."""


class ClientAuth(Config):
    """What exporters show."""

    username: str = ""
    """The name."""
    password: SecretStr = SecretStr("")
    """The password."""
    username_file: str = ""
    """A file with the name; it comes before `username`, and is read again within a second when it changes."""
    password_file: str = ""
    """A file with the password, in the same way."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.username or self.username_file):
            raise ValueError("username or username_file is needed")
        if ":" in self.username:
            raise ValueError("username must not hold a colon (RFC 7617)")
        return self


class BasicAuthConfig(Config):
    """`htpasswd` for receivers, or `client_auth` for exporters."""

    htpasswd: Htpasswd | None = None
    """Who may send."""
    client_auth: ClientAuth | None = None
    """Who we are."""
    domains: dict[str, str] = {}
    """User → the domain whose records it sends, or sees; of others the request says whose they are, and a console shows them all."""
    roles: dict[str, Literal["viewer", "operator", "admin", "privacy"]] = {}
    """User → what it may do in a console that names this extension in `login`; others don't get in there."""

    @field_validator("domains")
    @classmethod
    def _are_domains(cls, value: dict[str, str]) -> dict[str, str]:
        return {user: domain_name(domain) for user, domain in value.items()}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.htpasswd is not None and self.client_auth is not None:
            raise ValueError(
                "htpasswd is for receivers and client_auth for exporters: make two extensions, basicauth/a and basicauth/b"
            )
        if self.htpasswd is None and self.client_auth is None:
            raise ValueError("write htpasswd (for receivers) or client_auth (for exporters)")
        if self.htpasswd is not None and not (self.htpasswd.file or self.htpasswd.inline):
            raise ValueError("htpasswd needs a file or inline")
        return self

    def provides(self) -> frozenset[Use]:
        """It is good for one side."""
        return frozenset({Use.SERVER_AUTHENTICATOR if self.htpasswd is not None else Use.CLIENT_AUTHENTICATOR})

    def gives_domains(self) -> bool:
        """Where users have domains."""
        return bool(self.domains)

    def asks_people_for(self) -> Literal["", "key", "password", "provider"]:
        """Where there are users."""
        return "password" if self.htpasswd is not None else ""
