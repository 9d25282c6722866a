"""Batches to Application Insights: one POST of a JSON array of items for each request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.framing import json_array
from collector.outcomes import Split, Verdicts
from collector.transport.auth import client_authenticator
from collector.transport.http_answers import NotSent
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.azure_monitor.answers import verdicts
from exporters.azure_monitor.config import ITEMS, AzureMonitorConfig
from exporters.azure_monitor.envelopes import envelopes

_JSON = {"Content-Type": "application/json"}
_REDIRECTS = frozenset({307, 308})
_HOPS = 10
_AZURE = (
    ".monitor.azure.com", ".services.visualstudio.com", ".applicationinsights.azure.com", ".monitor.azure.us",
    ".applicationinsights.azure.us", ".monitor.azure.cn", ".applicationinsights.azure.cn",
)  # fmt: skip
"""Whose redirects are followed: those that Microsoft's own exporters follow."""


@dataclass(frozen=True, slots=True)
class Body:
    """A compressed array, and how many items it holds."""

    content: bytes
    items: int


class Answered(NamedTuple):
    """What a call came to."""

    answer: HttpAnswer
    items: int


class AzureMonitorExporter:
    """Translates between batches and calls. There is no key that a resend could be recognised by; `logboom.record.id` tells."""

    def __init__(self, config: AzureMonitorConfig, context: Context) -> None:
        self._config = config
        self._key, self._url = config.connection.key, config.connection.url
        self._home = self._url
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> Body:
        """The batch as one compressed array."""
        return Body(self._client.compressed(json_array(envelopes(batch, self._config, self._key))), len(batch))

    async def send(self, request: Body) -> Answered:
        """One call, where Azure wants it. Raises NotSent when it holds more items than one may."""
        if request.items > ITEMS:
            raise NotSent(Split(f"{request.items} items: a call takes {ITEMS}", too_large=True))
        try:
            return Answered(await self._posted(request.content), request.items)
        except Exception:
            self._url = self._home  # where it was sent to may be gone
            raise

    def classify(self, answer: Answered | Exception) -> Verdicts:
        """By what Azure says about each item, else by HTTP's table."""
        return verdicts(answer, 0) if isinstance(answer, Exception) else verdicts(*answer)

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _posted(self, content: bytes) -> HttpAnswer:
        """The answer of the place where it was taken to; that is kept for the next calls."""
        answer = await self._client.post(self._url, content, _JSON)
        for _ in range(_HOPS):
            place = self._elsewhere(answer)
            if not place:
                break
            self._url = place
            answer = await self._client.post(place, content, _JSON)
        return answer

    def _elsewhere(self, answer: HttpAnswer) -> str:
        """Where a redirect sends us, at Azure or at the host of the options; else empty: it is an answer like others."""
        if answer.status not in _REDIRECTS:
            return ""
        place = urljoin(self._url, answer.headers.get("Location", ""))
        parts, home = urlsplit(place), urlsplit(self._home)
        host = (parts.hostname or "").lower()
        ours = (parts.scheme, host) == (home.scheme, home.hostname) or (
            parts.scheme == "https" and host.endswith(_AZURE)
        )
        return place if ours and parts.username is None and place != self._url else ""
