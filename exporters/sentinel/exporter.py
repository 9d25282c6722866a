"""Batches to Azure Monitor's Logs Ingestion API: one POST of a JSON array for each request."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.framing import json_array
from collector.outcomes import Blocked, Retry, Split, Verdict, Verdicts
from collector.transport import http_answers
from collector.transport.access_token import AccessToken, Granted, TokenRefused, ask
from collector.transport.http_client import HttpAnswer, HttpClient, describe
from collector.transport.http_client_config import HttpClientConfig
from exporters.sentinel.columns import objects
from exporters.sentinel.config import SentinelConfig


@dataclass(frozen=True, slots=True)
class Body:
    """A compressed JSON array and its size before that, which the API limits."""

    content: bytes
    size_bytes: int


class TooLarge(Exception):
    """Not sent: the API would refuse it, and says 404 or 413 as it likes."""


class SentinelExporter:
    """Translates between batches and calls. There is no key that a resend could be recognised by."""

    def __init__(self, config: SentinelConfig, context: Context) -> None:
        del context
        self._config = config
        self._client = HttpClient(config)
        self._login = HttpClient(HttpClientConfig(tls=config.tls, proxy_url=config.proxy_url))
        self._token = AccessToken(self._sign_in)

    async def start(self) -> None:
        """Make the connection pools; nothing is connected yet."""
        await self._client.start()
        await self._login.start()

    def encode(self, batch: LogBatch) -> Body:
        """The batch as one compressed array."""
        config = self._config
        array = json_array(objects(batch, config.columns, config.max_field_bytes))
        return Body(self._client.compressed(array), len(array))

    async def send(self, request: Body) -> HttpAnswer:
        """One call; a second one when the token has ended before its time.

        Raises:
            TooLarge: nothing was sent.
            TokenRefused: nothing was sent.
        """
        most = self._config.max_call_bytes
        if max(request.size_bytes, len(request.content)) > most:
            raise TooLarge(f"{request.size_bytes} bytes: a call takes {most}")
        token = await self._token.value()
        answer = await self._post(request, token)
        if answer.status == 401:
            self._token.refused(token)
            answer = await self._post(request, await self._token.value())
        return answer

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table, with what Azure says about it."""
        if isinstance(answer, TooLarge):
            return [Split(str(answer), too_large=True)]
        if isinstance(answer, TokenRefused):
            reason = str(answer)
            return [Retry(reason, after_secs=answer.after_secs) if answer.may_pass else Blocked(reason)]
        if isinstance(answer, Exception):
            return [Retry(describe(answer))]
        return [_verdict(answer)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._login.close()

    async def _post(self, request: Body, token: str) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return await self._client.post(self._config.url, request.content, headers)

    async def _sign_in(self) -> Granted:
        """The client credentials grant (RFC 6749, section 4.4)."""
        config = self._config
        form = {
            "grant_type": "client_credentials",
            "client_id": config.client_id,
            "client_secret": config.client_secret.get_secret_value(),
            "scope": config.scope,
        }
        return await ask(self._login, config.token_url, form)


def _verdict(answer: HttpAnswer) -> Verdict:
    return http_answers.verdict(answer, _said(answer.body))


def _said(body: bytes) -> str:
    """`{"error":{"code":"InvalidStream","message":"…"}}`: both, shortened."""
    try:
        error = orjson.loads(body)["error"]
        return f"{error['code']}: {error['message']}"[:300]
    except (ValueError, KeyError, TypeError):
        return ""
