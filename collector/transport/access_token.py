"""OAuth 2.0 access tokens of exporters: asked for once, shared, renewed in time.

The token and the secrets that buy it never reach a log or an error: what the token service says is reduced to its
error code and the first line of its description (RFC 6749, section 5.2), and a secret that it repeats there is masked.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

import orjson

from collector.outcomes import Blocked, Retry
from collector.transport.acceptance import Acceptance, is_page
from collector.transport.http_answers import NotSent, described, retry_after_secs
from collector.transport.http_client import HttpAnswer, HttpClient
from collector.transport.http_client_config import HttpClientConfig
from collector.transport.user_agent import USER_AGENT

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_NONE: Mapping[str, str] = {}
_AGAIN = frozenset({408, 425, 429})
_ASK_SECS = 10.0
"""A token service that hangs is named, and does not hold up for ever an exporter without `timeout`."""
_MARGIN_SECS = 300.0
_SHOWN_CHARACTERS = 200
_MASK = "****"
_SECRETS = ("client_secret", "assertion")
"""What of a request to a token service nobody may see."""
Form = Mapping[str, str | list[str]]
"""Parameters of a request; a list is one that stands there several times."""
_TAKEN = Acceptance("the token service", empty=False)
_USABLE = re.compile(r"[!-~]+")
"""Visible ASCII (RFC 6749, appendix A.12): all that a header takes."""


class TokenRefused(NotSent):
    """The token service gave none. `may_pass`: it may later; else somebody must change the configuration.
    `wrong_client`: it does not know who asks (RFC 6749, 5.2: `invalid_client`)."""

    def __init__(
        self, reason: str, *, may_pass: bool, after_secs: float | None = None, wrong_client: bool = False
    ) -> None:
        self.wrong_client = wrong_client
        super().__init__(Retry(reason, after_secs=after_secs) if may_pass else Blocked(reason))


@dataclass(frozen=True, slots=True)
class Granted:
    """A token and how long it is good for."""

    token: str
    lifetime_secs: float


class AccessToken:
    """The token in use.

    Args:
        grant: asks for a new one; raises TokenRefused or what its connection raises.
        clock: seconds, monotonic.
        margin_secs: it is renewed so long before its end; a short-lived one when a fifth of its life is left.
        ask_secs: how long the token service may take.
    """

    def __init__(
        self,
        grant: Callable[[], Awaitable[Granted]],
        clock: Callable[[], float] = time.monotonic,
        *,
        margin_secs: float = _MARGIN_SECS,
        ask_secs: float = _ASK_SECS,
    ) -> None:
        self._grant = grant
        self._clock = clock
        self._margin_secs = margin_secs
        self._ask_secs = ask_secs
        self._token = ""
        self._renew_at = 0.0
        self._asking: asyncio.Task[str] | None = None

    async def value(self) -> str:
        """A token with minutes left (a short-lived one: with a fifth of its life). Callers at once share a request, and
        what it comes to; it goes on when one of them is cut off by its timeout, so that a slow service serves the next."""
        if self._token and self._clock() < self._renew_at:
            return self._token
        if self._asking is None:
            self._asking = asyncio.create_task(self._renewed())
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _renewed(self) -> str:
        granted = await self._granted()
        margin = min(self._margin_secs, granted.lifetime_secs / 5)
        self._token, self._renew_at = granted.token, self._clock() + granted.lifetime_secs - margin
        return granted.token

    def _asked(self, task: asyncio.Task[str]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # those who waited for it may be gone

    async def _granted(self) -> Granted:
        try:
            async with asyncio.timeout(self._ask_secs):
                return await self._grant()
        except TimeoutError:
            raise TokenRefused(f"no access token: no answer within {self._ask_secs:.0f} s", may_pass=True) from None

    def refused(self, token: str) -> None:
        """The destination did not take `token`: the next caller asks for a new one."""
        if token == self._token:
            self._token = ""


async def ask(client: HttpClient, url: str, form: Form) -> Granted:
    """One request to a token service; `client` must not compress. Raises TokenRefused and the connection's errors."""
    answer = await client.post(url, urlencode(form, doseq=True).encode(), _FORM)
    told = _told(answer)
    if not 200 <= answer.status < 300:
        raise _refusal(answer, told, form)
    if is_page(answer):
        raise TokenRefused(f"no access token: {_TAKEN.objection(answer)}", may_pass=False)
    token, lifetime = told.get("access_token"), told.get("expires_in", 3600)
    try:
        lifetime_secs = float(lifetime)  # type: ignore[arg-type]  # some services write the number as a string
    except (TypeError, ValueError):
        lifetime_secs = 0.0
    usable = isinstance(token, str) and _USABLE.fullmatch(token) and 0 < lifetime_secs < math.inf
    if not usable:
        raise TokenRefused("the token service's answer holds no usable token", may_pass=True)
    return Granted(str(token), lifetime_secs)


def _refusal(answer: HttpAnswer, told: Mapping[str, object], form: Form) -> TokenRefused:
    description = str(told.get("error_description", "")).partition("\n")[0].strip()
    said = ": ".join(part for part in (str(told.get("error", "")), description) if part)
    for secret in (str(form[name]) for name in _SECRETS if form.get(name)):
        said = said.replace(secret, _MASK).replace(quote_plus(secret), _MASK)
    may_pass = answer.status in _AGAIN or answer.status >= 500
    reason = f"no access token: {described(answer.status, said[:_SHOWN_CHARACTERS])}"
    after_secs = retry_after_secs(answer) if may_pass else None
    wrong_client = answer.status == 401 or told.get("error") == "invalid_client"
    return TokenRefused(reason, may_pass=may_pass, after_secs=after_secs, wrong_client=wrong_client)


def _told(answer: HttpAnswer) -> Mapping[str, object]:
    try:
        told = orjson.loads(answer.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


class BearerClient:
    """An HTTP client whose calls carry an access token.

    Args:
        config: of the destination; the token service is reached by the same `tls` and `proxy_url`.
        grant: buys a token with the client it is given; raises TokenRefused or what the connection raises.
        user_agent: what calls say they are from.
    """

    def __init__(
        self,
        config: HttpClientConfig,
        grant: Callable[[HttpClient], Awaitable[Granted]],
        user_agent: str = USER_AGENT,
    ) -> None:
        self._client = HttpClient(config, user_agent)
        self._login = HttpClient(HttpClientConfig(tls=config.tls, proxy_url=config.proxy_url))
        self._token = AccessToken(lambda: grant(self._login))
        self.compressed = self._client.compressed

    async def start(self) -> None:
        """Make the connection pools; nothing is connected yet."""
        await self._client.start()
        await self._login.start()

    async def signed_in(self) -> None:
        """There is a token. Raises TokenRefused."""
        await self._token.value()

    async def post_json(self, url: str, body: bytes, headers: Mapping[str, str] = _NONE) -> HttpAnswer:
        """One call; a second one when the token has ended before its time. Raises TokenRefused: nothing was sent."""
        token = await self._token.value()
        answer = await self._post(url, body, headers, token)
        if answer.status == 401:
            self._token.refused(token)
            answer = await self._post(url, body, headers, await self._token.value())
        return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._token.close()
        await self._client.close()
        await self._login.close()

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str], token: str) -> HttpAnswer:
        sent = {**headers, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return await self._client.post(url, body, sent)
