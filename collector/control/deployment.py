"""A deployment as people and pipelines of other systems tell it, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from collector.control.record import Value

EVENT = "logboom.deployment"
_TIME = "logboom.deployment.time"
_MOST = {"service": 255, "version": 255, "environment": 255, "url": 2048}
_NEEDED = ("service", "version", "environment")


class NoDeployment(ValueError):
    """`field` is wrong; the sentence says how."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        super().__init__(f"{field}: {problem}")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What runs where from when on. `time_unix_nano` 0: from now on.

    Raises:
        NoDeployment: a part of it is missing, or none.
    """

    id: str
    service: str
    version: str
    environment: str
    time_unix_nano: int = 0
    url: str = ""

    def __post_init__(self) -> None:
        for field, most in _MOST.items():
            text = getattr(self, field)
            if not isinstance(text, str) or (field in _NEEDED and not text.strip()):
                raise NoDeployment(field, "a text that is not empty is needed")
            if len(text) > most or not text.isprintable():
                raise NoDeployment(field, f"at most {most} printable characters")
        if self.url and _scheme(self.url) not in ("http", "https"):
            raise NoDeployment("url", "an address that begins with http:// or https:// is needed")
        if not 0 <= self.time_unix_nano < 1 << 63:
            raise NoDeployment("time", "a time after 1970 is needed")

    @classmethod
    def of_body(cls, body: object, id_: str) -> Deployment:
        """From the JSON that a hook gets: `{"service", "version", "environment", "time"?, "url"?}`; `time` as RFC 3339 says."""
        if not isinstance(body, dict):
            raise NoDeployment("body", "a JSON object is needed")
        for name in body:
            if name not in (*_MOST, "time"):
                raise NoDeployment(str(name)[:100], f"unknown: there are {', '.join((*_MOST, 'time'))}")
        texts = {name: body[name] for name in _MOST if body.get(name) is not None}
        missing = [name for name in _NEEDED if name not in texts]
        if missing:
            raise NoDeployment(missing[0], "it is missing")
        return cls(id_, time_unix_nano=_parsed(body.get("time")), **texts)

    @classmethod
    def of_attributes(cls, said: Mapping[str, Value], id_: str) -> Deployment:
        """From a command."""
        at = said.get(_TIME, 0)
        return cls(
            id_,
            str(said.get("service.name", "")),
            str(said.get("service.version", "")),
            str(said.get("deployment.environment.name", "")),
            at if isinstance(at, int) else 0,
            str(said.get("url.full", "")),
        )

    def attributes(self) -> dict[str, Value]:
        """Of the event."""
        said: dict[str, Value] = {
            "logboom.deployment.id": self.id, "service.name": self.service, "service.version": self.version,
            "deployment.environment.name": self.environment,
        }  # fmt: skip
        return said | ({"url.full": self.url} if self.url else {})

    def of_command(self) -> dict[str, Value]:
        """Of the command."""
        said = self.attributes()
        del said["logboom.deployment.id"]
        return said | ({_TIME: self.time_unix_nano} if self.time_unix_nano else {})

    def sentence(self) -> str:
        """For people."""
        return f"{self.service} {self.version} was deployed to {self.environment}"


def _parsed(given: object) -> int:
    if given is None:
        return 0
    try:
        if not isinstance(given, str):
            raise ValueError
        at = datetime.fromisoformat(given)
        if at.tzinfo is None:
            raise ValueError
        since = at - datetime(1970, 1, 1, tzinfo=UTC)
    except ValueError:
        raise NoDeployment("time", "a time such as 2026-03-01T12:00:00Z is needed") from None
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def _scheme(url: str) -> str:
    """Of an address; empty: it is none."""
    try:
        return urlsplit(url).scheme
    except ValueError:  # brackets that are none
        return ""
