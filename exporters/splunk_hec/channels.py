"""The channels of an exporter, one a token. Tokens may stand in records, so there may be many: they are bounded."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from exporters.splunk_hec.acknowledgement import Channel

MOST = 256
"""Channels kept; splunkd, too, keeps each that it has seen."""
_POLL_SECS = 0.05


class Channels:
    """Beyond the bound the one goes that was not used for longest and on which nothing waits. While something waits on each,
    a call with another token waits.

    Args:
        make: a new channel for a token.
    """

    def __init__(self, make: Callable[[str], Channel], most: int = MOST) -> None:
        self._make = make
        self._most = most
        self._held: OrderedDict[str, Channel] = OrderedDict()

    async def of(self, token: str) -> Channel:
        """The channel that calls with this token use: a new one if the last was lost."""
        while not (token in self._held or self._has_room()):  # noqa: ASYNC110  it is an acknowledgement that ends it
            await asyncio.sleep(_POLL_SECS)
        found = self._held.get(token)
        if found is None or found.lost:
            found = self._held[token] = self._make(token)
        self._held.move_to_end(token)
        return found

    async def close(self) -> None:
        """Ask for no acknowledgement any more."""
        for channel in self._held.values():
            await channel.close()

    def _has_room(self) -> bool:
        if len(self._held) >= self._most:
            unused = next((token for token, channel in self._held.items() if channel.idle), None)
            if unused is None:
                return False
            del self._held[unused]
        return True
