"""What changes of a list, each change once: from the version that the journal has, over restarts.

    nothing was taken yet   from now on (or from `version`); with `initial` all there is before
    something was           behind it
    410 Gone                all there is now that is newer than what was taken; what came and went in between nobody can tell any more
    older than what was     another cluster, or one restored: all there is

What is told of a list goes by version, so each record's own version is the place behind it, and a kill within a long list repeats nothing.
"""

from __future__ import annotations

import logging
import time

from collector.ingress.kubernetes.following import Following
from collector.ingress.kubernetes.place import Place, is_behind, number
from collector.ingress.kubernetes.wanted import Maps, Wanted
from collector.ingress.reading import Source
from collector.ingress.written import Written
from collector.transport.kubernetes.api import Reaching, Refused
from collector.transport.kubernetes.lists import BOOKMARK, changes, pages

_log = logging.getLogger(__name__)
_SAVE_SECS = 60.0
ADDED = "ADDED"


class Watching(Following):
    """A watched list."""

    verb = "watch"

    def __init__(self, wanted: Wanted, access: Reaching, source: Source, maps: Maps, position: bytes) -> None:
        super().__init__(wanted, access, source, maps)
        self._version = Place.read(position).version
        self._sure = False
        """The server has come at least as far as what was taken."""
        self._gone = False
        self._save_at = 0.0

    def _round(self, path: str) -> None:
        try:
            if not self._version:
                self._begin(path)
            elif self._gone:
                self._told_anew(path, self._version)
            elif not self._sure:
                self._make_sure(path)
            self._sure, self._gone = True, False
            self._follow(path)
        except Refused as refusal:
            self._gone, self._sure = refusal.gone, False
            raise

    def _begin(self, path: str) -> None:
        """For the first time."""
        if self.wanted.initial:
            self._told_anew(path, "")
        elif self.wanted.version not in ("", "0"):
            self._at(self.wanted.version)
        else:
            self._at(self._newest(path))

    def _newest(self, path: str) -> str:
        """The list's version now."""
        version = next(pages(self._api, path, self._selectors(), size=1)).version
        self.lacking = ""
        return version or "1"

    def _make_sure(self, path: str) -> None:
        newest = self._newest(path)
        last, now = number(self._version), number(newest)
        if last is not None and now is not None and now < last:
            _log.warning(
                "%s: the API server is at version %s, what was taken at %s: it is another one, or was restored; all there is is told",
                self.wanted.shown, newest, self._version,
            )  # fmt: skip
            self._told_anew(path, "")

    def _told_anew(self, path: str, taken: str) -> None:
        """All there is that came behind `taken`, as added."""
        found: list[tuple[str, Written | None]] = []
        version = ""
        for page in pages(self._api, path, self._selectors()):
            version = page.version
            for each in page.objects:
                own = str(each["metadata"].get("resourceVersion", ""))
                if is_behind(own, taken):
                    whole = named(each, page.kind, page.api_version)
                    found.append((own, self._written(ADDED, whole)))
        self.lacking = ""
        comparable = all(number(own) is not None for own, _ in found)
        for own, written in sorted(found, key=lambda each: number(each[0]) or 0):
            self._source.put([written] if written else [], Place(own).packed() if comparable else b"")
        self._at(version)

    def _follow(self, path: str) -> None:
        for kind, found in changes(self._api, path, self._selectors(), self._version, self._access.timeout):
            self.lacking = ""
            self._version = str(found["metadata"]["resourceVersion"])
            written = self._written(kind, found) if kind != BOOKMARK else None
            if written is not None:
                self._put([written])
            elif time.monotonic() >= self._save_at:
                self._put([])
        self.lacking = ""

    def _at(self, version: str) -> None:
        self._version = version
        self.lacking = ""
        self._put([])

    def _put(self, records: list[Written]) -> None:
        self._save_at = time.monotonic() + _SAVE_SECS
        self._source.put(records, Place(self._version).packed())


def named(found: dict[str, object], kind: str, api_version: str) -> dict[str, object]:
    """An object of a list says what it is only by its list."""
    if "kind" in found or not kind:
        return found
    return {"apiVersion": api_version, "kind": kind.removesuffix("List"), **found}
