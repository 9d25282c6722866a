"""All there is of a list, at an interval, over restarts: what was begun goes on with the next page, and the next time is due when it would have been."""

from __future__ import annotations

import time
from collections.abc import Mapping

from collector.ingress.kubernetes.following import Following
from collector.ingress.kubernetes.place import Place
from collector.ingress.kubernetes.wanted import Maps, Wanted
from collector.ingress.kubernetes.watching import named
from collector.ingress.reading import Source
from collector.transport.kubernetes.api import Reaching, Refused
from collector.transport.kubernetes.lists import pages


class Pulling(Following):
    """A list that is pulled."""

    def __init__(self, wanted: Wanted, access: Reaching, source: Source, maps: Maps, position: bytes) -> None:
        super().__init__(wanted, access, source, maps)
        self._place = Place.read(position)

    def _round(self, path: str) -> None:
        """Once all there is, when it is due."""
        if not self._place.token:
            self._wait()
        if not self._ended.is_set():
            self._take(path, self._place.at if self._place.token else time.time())

    def _wait(self) -> None:
        """Until it is due; a clock that was set back is no reason to wait longer."""
        now = time.time()
        due = min(self._place.at + self.wanted.pull_secs, now + self.wanted.pull_secs)
        self._ended.wait(max(0.0, due - now))

    def _take(self, path: str, at: float) -> None:
        try:
            for page in pages(self._api, path, self._parameters(), token=self._place.token):
                self.lacking = ""
                named_ = [named(each, page.kind, page.api_version) for each in page.objects]
                written = [one for each in named_ if (one := self._written("", each)) is not None]
                self._place = Place(at=at, token=page.token)
                self._source.put(written, self._place.packed())
        except Refused as refusal:
            if refusal.gone:  # the rest of what was begun is not kept any more: all again, at once
                self._place = Place()
            raise

    def _parameters(self) -> Mapping[str, str]:
        if not self.wanted.version:
            return self._selectors()
        return {**self._selectors(), "resourceVersion": self.wanted.version, "resourceVersionMatch": "Exact"}
