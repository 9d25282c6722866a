"""What a browser keeps of a session: a cookie that scripts can't read, that other sites' requests don't carry, and that ends with the browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from collector.extensions.console.config import ConsoleConfig
from collector.transport.endpoint import Endpoint

_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Cookie:
    """Of one console.

    Args:
        secure: browsers reach it over TLS: then they send it over nothing else, and take it from nobody but this host.
    """

    name: str
    path: str
    secure: bool

    @classmethod
    def of(cls, options: ConsoleConfig, what: str = "") -> Cookie:
        """Browsers keep the same cookies for all ports of a host: so the port is in a name that others could have as well."""
        secure, path = options.over_tls, options.base_path or "/"
        if secure and path == "/":
            return cls(f"__Host-lb{what}", path, secure)
        return cls(f"lb{what}-{Endpoint.parse(options.endpoint).port}", path, secure)

    def give(self, answer: Response, value: str, secs: int | None = None) -> None:
        """Let the browser keep it, so long; None: until it ends."""
        answer.set_cookie(
            self.name, value, max_age=secs, path=self.path, secure=self.secure, httponly=True, samesite="lax"
        )

    def take_back(self, answer: Response) -> None:
        """Let it forget."""
        answer.delete_cookie(self.name, path=self.path, secure=self.secure, httponly=True, samesite="lax")

    def value(self, cookies: Mapping[str, str]) -> str:
        """Empty where it has none."""
        found = cookies.get(self.name, "")
        return found if len(found) <= _LONGEST else ""
