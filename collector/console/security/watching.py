"""A long answer ends with the session that asked for it: what is followed live goes on for hours."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from starlette.types import Message

from collector.console.login.logins import Logins

Send = Callable[[Message], Awaitable[None]]
EACH_SECS = 5.0


def watched(send: Send, logins: Logins | None, token: str, clock: Callable[[], float] = time.monotonic) -> Send:
    """`send`, which fails as if the client had gone once the session is over."""
    if logins is None or not token:
        return send
    looked = clock()

    async def answer(message: Message) -> None:
        nonlocal looked
        if clock() - looked >= EACH_SECS:
            looked = clock()
            if not logins.lasts(token):
                raise OSError("the session is over")
        await send(message)

    return answer
