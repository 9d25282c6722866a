"""Options of `oidc`: the OpenTelemetry Collector's names, with domains, scopes and times added."""

from __future__ import annotations

from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from collector.component import Config, Use
from collector.domains.credential import WRITE
from collector.domains.names import domain_name
from collector.units import Duration

_FORMER = (
    "issuer_url", "audience", "ignore_audience", "ignore_issuer", "issuer_ca_path", "username_claim", "groups_claim", "public_keys_file",
    "domain_claim", "domain_map", "scope", "leeway", "max_lifetime", "stale_for", "role_claim", "role_map", "login",
)  # fmt: skip
"""Options of a provider that may stand beside `providers` for a single one, as the Collector had it first."""


class ProviderLogin(Config):
    """People log in there with a browser, for a console that names the extension in its `login`."""

    client_id: str = Field(min_length=1)
    """The console's name at the provider, where `PUBLIC_URL/login/back` is registered as the address that people come back to."""
    client_secret: SecretStr = SecretStr("")
    """Its secret there; empty: it is a public client (PKCE is used in any case)."""
    scopes: list[str] = ["openid", "profile", "email"]
    """What is asked for; `openid` among it."""
    name: str = ""
    """As people read it on the page; empty = the provider's host."""

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, value: list[str]) -> list[str]:
        if "openid" not in value:
            raise ValueError("scopes must hold openid: without it there is no token that says who comes")
        return value


class Provider(Config):
    """One that signs tokens."""

    issuer_url: str
    """Its name in tokens (`iss`), and where its discovery document stands: `https://id.example.com/realms/logs`."""
    audience: str = ""
    """Whom tokens are for (`aud`): this logboom's name at the provider; empty with `login` = its `client_id`."""
    ignore_audience: bool = False
    """Take tokens for anybody; only where the provider signs for nothing else."""
    ignore_issuer: bool = False
    """Take tokens of any name that its keys signed; only with one provider."""
    issuer_ca_path: str = ""
    """PEM file of the authorities of its certificate; empty = the system's."""
    public_keys_file: str = ""
    """A file with its keys (JWKS) in the place of discovery; read again within a second when it changes."""
    username_claim: str = ""
    """The claim that says who sends; empty = `sub`."""
    groups_claim: str = ""
    """The claim with its groups, the attribute `membership`."""
    domain_claim: str = "domain"
    """The claim with the domain, or a list of those that it may send for; empty: the request says whose records come."""
    domain_map: dict[str, str] = {}
    """Value of that claim → domain; with it, no other value counts."""
    scope: str = WRITE
    """The scope (`scope`, `scp`) that a token must have; empty: none."""
    role_claim: str = ""
    """The claim with roles of a console: text, or a list; with dots for one inside others (`realm_access.roles`)."""
    role_map: dict[str, Literal["viewer", "operator", "admin", "privacy"]] = {}
    """Value of that claim → role; with it, no other value counts. Of several, the one that may most."""
    login: ProviderLogin | None = None
    """Let people log in there."""
    leeway: Duration = Field(30.0, ge=0, le=600)
    """How much the provider's clock may differ from ours."""
    max_lifetime: Duration = Field(24 * 3600.0, gt=0)
    """Tokens that are good for longer are refused: from when they say they were given (`iat`), else from now on."""
    stale_for: Duration = Field(24 * 3600.0, ge=0)
    """How long the provider's keys are used when it can't be asked for them; afterwards senders are told to come again."""

    @model_validator(mode="before")
    @classmethod
    def _of_the_client(cls, given: Any) -> Any:
        """Tokens for people are for the client that sends them there."""
        login = given.get("login") if isinstance(given, dict) else None
        client = login.get("client_id") if isinstance(login, dict) else None
        return {**given, "audience": client} if client and not given.get("audience") else given

    @field_validator("issuer_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("issuer_url must be a URL such as https://id.example.com/realms/logs")
        return value

    @field_validator("domain_map")
    @classmethod
    def _are_domains(cls, value: dict[str, str]) -> dict[str, str]:
        return {claim: domain_name(domain) for claim, domain in value.items()}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.audience and not self.ignore_audience:
            raise ValueError("audience is needed: whom tokens are for (or ignore_audience: true)")
        return self


class OidcConfig(Config):
    """Whose tokens are taken."""

    attribute: str = "authorization"
    """The header (over gRPC: the metadata key) with the token, behind `Bearer`."""
    providers: list[Provider] = Field(min_length=1)
    """Who signs them; the options of a single one may also stand here without `providers`."""

    @model_validator(mode="before")
    @classmethod
    def _single(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not given.keys() & set(_FORMER):
            return given
        if "providers" in given:
            raise ValueError("providers, and options of a provider beside it: keep providers")
        rest = {name: value for name, value in given.items() if name not in _FORMER}
        return {**rest, "providers": [{name: given[name] for name in _FORMER if name in given}]}

    @model_validator(mode="after")
    def _check(self) -> Self:
        issuers = [provider.issuer_url for provider in self.providers]
        if len(set(issuers)) < len(issuers):
            raise ValueError("providers: two have the same issuer_url")
        if len(issuers) > 1 and any(provider.ignore_issuer for provider in self.providers):
            raise ValueError("providers: ignore_issuer is for a single one")
        return self

    def provides(self) -> frozenset[Use]:
        """It asks senders."""
        return frozenset({Use.SERVER_AUTHENTICATOR})

    def asks_people_for(self) -> Literal["", "key", "password", "provider"]:
        """They go to a provider that has `login`."""
        return "provider" if any(provider.login is not None for provider in self.providers) else ""

    def gives_domains(self) -> bool:
        """Where a claim names one."""
        return any(provider.domain_claim for provider in self.providers)
