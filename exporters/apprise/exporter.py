"""Notices to the long tail of places, by the library Apprise: a title and plain text. It says whether a place took a message and nothing else, so there are
few attempts; a place that was told is not told again while others are tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import SecretStr

from collector.component import Context
from collector.errors import LogboomError
from collector.notices.inert import unlinked
from collector.notices.messenger import Message, Messenger, Names
from collector.notices.pace import Pace
from collector.notices.templates import templates_of
from collector.notices.wording import plain, short, shortened
from collector.outcomes import Retry, Verdict
from collector.transport.http_answers import unanswered
from exporters.apprise.config import AppriseConfig
from exporters.apprise.place import Place

_KINDS = {"critical": "failure", "warning": "warning"}


class AppriseExporter(Messenger):
    """Tells people. Each place by itself, on a thread: the library waits for answers."""

    def __init__(self, config: AppriseConfig, context: Context) -> None:
        del context
        super().__init__(Pace(config.pace.calls, config.pace.per), templates_of(config))
        self._config = config
        self._places: Sequence[Place] = ()
        self._threads: ThreadPoolExecutor | None = None

    async def start(self) -> None:
        """Read the URLs. Raises `LogboomError` where the library is not there, or knows nothing of one of them."""
        found = await asyncio.to_thread(places, self._config.urls)
        self._threads = ThreadPoolExecutor(len(found), thread_name_prefix="apprise")
        self._places = [Place(each, self._threads, self._config.timeout or None) for each in found]

    async def shutdown(self) -> None:
        """Nothing stays open; a call that is under way ends by the library's own limits."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def tell(self, message: Message) -> Names | Verdict:
        """Each place that was not told yet; one that does not answer keeps the others from nothing."""
        done = self.done(message)
        for at, place in enumerate(self._places):
            await place.tell(self._said(message), str(at), done)
        left = len(self._places) - len(done)
        if left:
            return Retry(f"{left} of {len(self._places)} places did not take it", at_most=self._config.attempts)
        return {"told": "1"}

    def unanswered(self, error: Exception) -> Sequence[Verdict]:
        """The library failed: nobody knows what was said before."""
        return [unanswered(error, at_most=self._config.attempts)]

    def _said(self, message: Message) -> dict[str, str]:
        """What is over and was never told is a line. What looks like a link or a mention has a break inside."""
        notice = message.notice
        text = short(notice) if message.unknown_end else plain(notice)
        kind = "success" if notice.status == "resolved" else _KINDS.get(notice.level, "info")
        title, body = unlinked(short(notice)), unlinked(text)
        return {
            "title": title,
            "body": shortened(body, self._config.max_chars - len(title)),
            "notify_type": kind,
            "body_format": "text",
        }


def places(urls: Sequence[SecretStr]) -> Sequence[Any]:
    """What the URLs mean. Raises `LogboomError`; no URL is shown."""
    try:
        from apprise import Apprise, OverflowMode
    except ImportError:
        raise LogboomError("exporter apprise needs the extra: pip install 'logboom[apprise]'") from None
    found = []
    for at, url in enumerate(urls):
        place = Apprise.instantiate(url.get_secret_value())
        if place is None:
            raise LogboomError(f"urls.{at}: Apprise knows no such place, or a part of its URL is missing")
        place.overflow_mode = OverflowMode.TRUNCATE
        found.append(place)
    return found
