"""Cloudflare's API v4: one client a token, its budget of calls, and what its answers say.

Every answer of the API is an envelope, `{"success", "errors": [{"code", "message"}], "result"}`; every gateway before
it answers in HTML. The API's own codes say little (7500 is a mistake in SQL and an internal error alike), so meaning
is read from the status and the message.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import orjson

from collector.outcomes import Blocked, Ok, Retry, Split, Verdict
from collector.transport.acceptance import Acceptance, is_page
from collector.transport.call_budget import BudgetSpent, CallBudget
from collector.transport.cloudflare_config import CloudflareConfig
from collector.transport.http_answers import described, retry_after_secs, unanswered
from collector.transport.http_client import MAX_ANSWER_BYTES, HttpAnswer, HttpClient

_PATIENCE_SECS = 5.0
_PATIENCE_OF_GUESTS_SECS = 1.0
_GUESTS_LOOK_SECS = 0.05
_PAUSE_SECS = 10.0
"""After a 429 that does not say how long."""
_MOST_CHARACTERS = 300
_TAKEN = Acceptance("Cloudflare", empty=False)
"""An envelope, which `read` looks into."""

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `message` is what it said about errors, safe to show; `result` is None unless it `succeeded`; `foreign`:
    it is a page, of somebody else."""

    status: int
    succeeded: bool
    message: str = ""
    code: int = 0
    result: Any = None
    result_info: Any = None
    after_secs: float | None = None
    foreign: bool = False

    @property
    def reason(self) -> str:
        """`429 Too Many Requests: slow down`."""
        return described(self.status, self.message)


class CloudflareError(Exception):
    """An answer that is not a success, for callers that want nothing else."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.reason)


class CloudflareClient:
    """Calls below one account. `start` and `close` on the event loop.

    Args:
        config: account, token, limit.
        data_dir: where the budget of the token is kept, shared by all that use it.
        share: of the budget; less than 1: a guest, who leaves the rest to the others, and books nothing ahead.
    """

    def __init__(self, config: CloudflareConfig, data_dir: Path, share: float = 1.0) -> None:
        self._http = HttpClient(config.http())
        self._root = f"{config.base_url.rstrip('/')}/accounts/{quote(config.account_id, safe='')}"
        secret = f"{config.base_url}\0{config.api_token.get_secret_value()}".encode()
        name = hashlib.blake2b(secret, digest_size=8, person=b"call budget").hexdigest()
        self._budget = CallBudget(data_dir / f"cloudflare-{name}.budget", config.max_calls_per_5m)
        self._share = share

    async def start(self) -> None:
        """Make the pool of connections; nothing is connected yet."""
        await self._http.start()

    async def call(
        self, method: Method, path: str, body: bytes | None = None, *, max_answer_bytes: int = MAX_ANSWER_BYTES
    ) -> Answer:
        """One call of `path` below the account (`/d1/database/…`), with a JSON body.

        Raises:
            BudgetSpent: the token's calls are used up; nothing was sent.
            Exception: what the HTTP client raises; `verdict` knows.
        """
        await self._turn()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        answer = read(await self._http.request(method, self._root + path, body, headers, max_answer_bytes))
        if answer.status == 429:
            self._budget.pause(_PAUSE_SECS if answer.after_secs is None else answer.after_secs)
        return answer

    async def _turn(self) -> None:
        if self._share >= 1:
            await asyncio.sleep(self._budget.take(_PATIENCE_SECS))
            return
        ends = time.monotonic() + _PATIENCE_OF_GUESTS_SECS
        while True:
            try:
                self._budget.take(0.0, self._share)
                return
            except BudgetSpent as spent:
                if time.monotonic() + spent.after_secs > ends:
                    raise
                await asyncio.sleep(max(spent.after_secs, _GUESTS_LOOK_SECS))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def read(answer: HttpAnswer) -> Answer:
    """The envelope in an HTTP answer; what is no envelope (HTML of a gateway, a cut answer) never succeeded."""
    after = retry_after_secs(answer)
    try:
        envelope = orjson.loads(answer.body)
        succeeded = envelope["success"] is True and 200 <= answer.status < 300
        errors = envelope.get("errors") or []
        message = "; ".join(str(error.get("message", "")) for error in errors)
        code = int(errors[0].get("code", 0)) if errors else 0
    except (ValueError, KeyError, TypeError, AttributeError):
        return _no_envelope(answer, after)
    result = envelope.get("result") if succeeded else None
    return Answer(answer.status, succeeded, _shown(message), code, result, envelope.get("result_info"), after)


def _no_envelope(answer: HttpAnswer, after_secs: float | None) -> Answer:
    foreign = is_page(answer)
    said = _TAKEN.objection(answer) if foreign and 200 <= answer.status < 300 else "the answer is not JSON"
    return Answer(answer.status, succeeded=False, message=said, after_secs=after_secs, foreign=foreign)


def verdict(answer: Answer | Exception) -> Verdict:
    """What an answer means, whatever was asked; exporters look at what they know better first.

    success                     ok
    429                         retry, not before Retry-After; nobody with this token calls meanwhile
    408 425 5xx, 200 with an error, no or a broken answer    retry
    a page with 2xx, 400 or 422                              blocked: a proxy or a sign-in page stands in the way
    413                         split
    400 422                     split: a record that is not taken is found and set aside
    3xx 401 403 404 others      blocked: token, account or id; nothing is lost meanwhile
    """
    if isinstance(answer, BudgetSpent):
        return Retry(str(answer), after_secs=answer.after_secs)
    if isinstance(answer, CloudflareError):
        return verdict(answer.answer)
    if isinstance(answer, Exception):
        return unanswered(answer)
    if answer.succeeded:
        return Ok()
    if answer.foreign and answer.status in (*range(200, 300), 400, 422):
        return Blocked(answer.message if answer.status < 300 else f"{answer.reason}: a proxy's page")
    if answer.status in (408, 425, 429) or answer.status >= 500 or answer.status < 300:
        return Retry(answer.reason, after_secs=answer.after_secs, throttled=answer.status in (429, 503))
    if answer.status in (400, 413, 422):
        return Split(answer.reason, too_large=answer.status == 413)
    return Blocked(answer.reason)


def _shown(message: str) -> str:
    """A remote text as one short printable line."""
    line = "".join(character if character.isprintable() else " " for character in message)
    return line if len(line) <= _MOST_CHARACTERS else line[:_MOST_CHARACTERS] + "…"
