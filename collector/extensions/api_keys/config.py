"""Options of `api_keys`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Literal

from pydantic import Field, field_validator

from collector.component import Config, Use
from collector.domains.keys import Key, KeyKind
from collector.domains.names import domain_name
from collector.domains.origins import checked_origin

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2


class DeclaredKey(Config):
    """A key that stands in the configuration by its SHA-256; `logboom keys check` tells that of one."""

    id: str = Field(min_length=1, max_length=64)
    """What it is called in events and lists."""
    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$")
    """SHA-256 of the whole key, as hexadecimal digits."""
    domain: str
    """Whose records it sends."""
    kind: KeyKind = KeyKind.INGEST
    """What it is for."""
    name: str = ""
    """For people."""
    not_before: datetime | None = None
    """From when on it is good."""
    expires_at: datetime | None = None
    """Until when it is good."""
    networks: list[str] = []
    """Where requests may come from, such as `203.0.113.0/24`; empty: from anywhere."""
    origins: list[str] = []
    """Web pages that may send with it, such as `https://shop.example`; empty: whoever sends."""
    scopes: list[str] = []
    """What it may do; empty: what its kind may."""
    multi_domain: bool = False
    """It may also send for other known domains, which the request names."""
    limit: dict[str, float] = {}
    """Its own limits: `records_per_second`, `bytes_per_second`, `requests_per_second`."""

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, value: str) -> str:
        return domain_name(value)

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        return [str(ip_network(text, strict=False)) for text in value]

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, value: list[str]) -> list[str]:
        return [checked_origin(text) for text in value]

    def key(self) -> Key:
        """As those of the file."""
        return Key(
            id=self.id, kind=self.kind, domain=self.domain, digest=bytes.fromhex(self.sha256), name=self.name,
            not_before=_unix(self.not_before), expires_at=_unix(self.expires_at), networks=self.networks,
            origins=self.origins, scopes=self.scopes, multi_domain=self.multi_domain, limit=self.limit,
        )  # fmt: skip


class ApiKeysConfig(Config):
    """Which keys there are, and where they stand in a request."""

    file: str = ""
    """The file that `logboom keys` writes; empty: `access.db` in the data directory."""
    keys: list[DeclaredKey] = []
    """Keys beside those of the file; `logboom keys` neither shows nor revokes them."""
    headers: list[str] = Field(["Authorization", "X-Api-Key", "DD-Api-Key"], min_length=1)
    """Where a key stands: in `Authorization` behind `Bearer`, `Splunk` or `ApiKey`, or as the password of `Basic`; in other headers alone.
    A request with a key in two of them is refused."""
    query_parameter: str = "key"
    """The parameter of the URL that may hold a browser's key, and no other, for `sendBeacon`; empty: none."""

    on_exposed: Literal["tell", "revoke"] = "tell"
    """What becomes of a live key that stands in a log record. It is masked there in any case, and told (`key.exposed`); `revoke` takes it
    back at once, and whoever has it is refused."""

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: list[str]) -> list[str]:
        if not all(_NAME.fullmatch(name) for name in value):
            raise ValueError("must be names of headers")
        return value

    @field_validator("keys")
    @classmethod
    def _once(cls, value: list[DeclaredKey]) -> list[DeclaredKey]:
        for name in ("id", "sha256"):
            seen = [getattr(key, name).lower() for key in value]
            if len(set(seen)) < len(seen):
                raise ValueError(f"two keys have the same {name}")
        return value

    def provides(self) -> frozenset[Use]:
        """It asks senders."""
        return frozenset({Use.SERVER_AUTHENTICATOR})

    def gives_domains(self) -> bool:
        """Each key has one."""
        return True

    def asks_people_for(self) -> Literal["", "key", "password", "provider"]:
        """A key that reads is a way to log in."""
        return "key"

    def cautions(self) -> Mapping[str, str]:
        """Keys that stand in web pages, and don't name these."""
        return {
            f"keys.{at}": f"every web page may send with the key {key.id}: name yours in origins"
            for at, key in enumerate(self.keys)
            if key.kind is KeyKind.BROWSER and not key.origins
        }


def _unix(time: datetime | None) -> int | None:
    if time is None:
        return None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
