"""`sigv4auth`: each request of an exporter is signed with the keys that AWS gives to this place."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from collector.component import Context, Outgoing
from collector.extensions.sigv4auth.config import SigV4AuthConfig
from collector.extensions.sigv4auth.credentials import Found, NoCredentials, find
from collector.extensions.sigv4auth.signing import Scope, scope_of, signature
from collector.outcomes import Blocked, Retry
from collector.transport.http_answers import NotSent

_EARLY_SECS = 300.0


class SigV4Auth:
    """Safe from any thread; who asks for keys waits on a thread of its own."""

    def __init__(self, config: SigV4AuthConfig, context: Context) -> None:
        del context
        self._config = config
        self._region = config.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
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
                    self._found = find(self._config.assume_role, self._region)
                except NoCredentials as error:
                    if self._found is None or self._found.ends_at <= time.time():
                        raise NotSent(Retry(str(error))) from None
            return self._found

    def _scope(self, url: str) -> Scope:
        said = scope_of(urlsplit(url).hostname or "")
        region = self._config.region or (said.region if said else self._region)
        service = self._config.service or (said.service if said else "")
        if not (region and service):
            raise NotSent(Blocked("sigv4auth: write region and service, the endpoint's name does not say them"))
        return Scope(region, service)
