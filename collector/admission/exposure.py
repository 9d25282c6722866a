"""Keys of logboom that stand in log records: masked before anything is kept, and told, for whoever reads logs could send with them.

A key is found by its form and its checksum, in the bytes of the payload; what takes its place is as long, so that nothing else of them changes.
Keys of web pages are no secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from collector.admission.steps import Arrival
from collector.domains.credential import Credential
from collector.domains.keys import is_whole

_KEY = re.compile(rb"(lb[ira]_[0-9a-hjkmnp-tv-z]{12}_)([0-9A-Za-z]{49})")
OnExposed = Callable[[Arrival, Credential], None]
"""A live key stands in a record of the request. Called from any thread: it must not wait."""


class Exposure:
    """The check of one process. Safe from any thread.

    Args:
        holder: whose live key a text is; None: nobody's. None in its place: there are no keys.
        on_exposed: told of each live key, once a request.
    """

    def __init__(self, holder: Callable[[], Callable[[str], Credential | None] | None], on_exposed: OnExposed) -> None:
        self._holder = holder
        self._on_exposed = on_exposed

    def check(self, arrival: Arrival) -> None:
        """Behind `validity`."""
        holder, received = self._holder(), arrival.received
        if holder is None or received is None or not received.records or not _KEY.search(received.body):
            return
        found: set[str] = set()

        def masked(match: re.Match[bytes]) -> bytes:
            text = match[0].decode("ascii")
            if not is_whole(text):
                return match[0]
            found.add(text)
            return match[1] + b"*" * len(match[2])

        body = _KEY.sub(masked, received.body)
        if found:
            arrival.received = received._replace(body=body)
        for text in sorted(found):
            credential = holder(text)
            if credential is not None:
                self._on_exposed(arrival, credential)
