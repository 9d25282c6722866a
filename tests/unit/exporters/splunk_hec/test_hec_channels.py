"""One channel a token, and no more than there may be."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from exporters.splunk_hec.channels import Channels


def channels(most: int) -> tuple[Channels, list[str]]:
    made: list[str] = []

    def make(token: str) -> Any:
        made.append(token)
        return SimpleNamespace(token=token, lost="", idle=True)

    return Channels(make, most), made


def test_the_least_recently_used_goes_and_none_on_which_something_waits() -> None:
    async def main() -> None:
        held, made = channels(2)
        first = await held.of("a")
        first.idle = False  # type: ignore[misc]
        await held.of("b")
        await held.of("c")
        assert await held.of("a") is first
        await held.of("b")
        assert made == ["a", "b", "c", "b"]

    asyncio.run(main())


def test_a_lost_one_is_followed_by_another() -> None:
    async def main() -> None:
        held, made = channels(1)
        (await held.of("a")).lost = "its numbers began anew"
        assert not (await held.of("a")).lost
        assert made == ["a", "a"]

    asyncio.run(main())


def test_a_newcomer_waits_until_something_is_acknowledged() -> None:
    async def main() -> None:
        held, made = channels(1)
        first = await held.of("a")
        first.idle = False  # type: ignore[misc]
        newcomer = asyncio.create_task(held.of("b"))
        await asyncio.sleep(0.2)
        assert made == ["a"]
        assert await held.of("a") is first, "who is known does not wait"
        first.idle = True  # type: ignore[misc]
        assert (await newcomer).token == "b"  # type: ignore[attr-defined]

    asyncio.run(main())
