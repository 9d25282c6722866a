"""Each request is signed with the keys that AWS gives to this place."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from collector.component import Outgoing
from collector.outcomes import Blocked, Retry
from collector.transport.aws.assume_role import AssumeRole
from collector.transport.aws.credentials import Found, NoCredentials, find
from collector.transport.aws.region import region_of_environment
from collector.transport.aws.signing import Scope, scope_of, signature
from collector.transport.http_answers import NotSent

_EARLY_SECS = 300.0


class Signer:
    """Safe from any thread; who asks for keys waits on a thread of its own.

    Args:
        region, service: for which a signature is good; empty: as the server's name says it.
        role: to take on with the keys that are found.
    """

    def __init__(self, region: str, service: str, role: AssumeRole) -> None:
        self._named = Scope(region, service)
        self._region = region or region_of_environment()
        self._role = role
        self._lock = threading.Lock()
        self._found: Found | None = None

    def start(self) -> None:
        """Keys are looked for with the first request."""

    def reload(self) -> None:
        """They are looked for again in time."""

    def shutdown(self) -> None:
        """Nothing is held."""

    async def headers(self) -> Mapping[str, str]:
        """A signature is of the whole request."""
        return {}

    async def signature(self, request: Outgoing) -> Mapping[str, str]:
        """The request's. Raises NotSent where there are no keys, or it is not known for which service."""
        found = self._found
        if found is None or found.ends_at - time.time() < _EARLY_SECS:
            found = await asyncio.to_thread(self._renewed)
        return signature(request, found.keys, self._scope(request.url), datetime.now(UTC))

    def _renewed(self) -> Found:
        with self._lock:  # one asks, the others get what it got
            if self._found is None or self._found.ends_at - time.time() < _EARLY_SECS:
                try:
                    self._found = find(self._role, self._region)
                except NoCredentials as error:
                    if self._found is None or self._found.ends_at <= time.time():
                        raise NotSent(Retry(str(error))) from None
            return self._found

    def _scope(self, url: str) -> Scope:
        said = scope_of(urlsplit(url).hostname or "")
        region = self._named.region or (said.region if said else self._region)
        service = self._named.service or (said.service if said else "")
        if not (region and service):
            raise NotSent(Blocked("write region and service, the endpoint's name does not say them"))
        return Scope(region, service)
