"""A list that is followed: all of it once, then what changes, for as long as this lives. What broke off goes on where it was; what the server does not
keep any more is listed anew. What ends as soon as it has begun is asked for later and later."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from collector.transport.kubernetes.api import Api, Reaching, Refused
from collector.transport.kubernetes.lists import BOOKMARK, WHOLE, Object, changes, pages
from collector.transport.kubernetes.pace import Pace

_BARE = "application/json;as=PartialObjectMetadata{};v=v1;g=meta.k8s.io,application/json"
"""Names, labels, annotations and owners alone."""


class Follower(Protocol):
    """Is told of a list. Called by the list's thread."""

    def listed(self, objects: Sequence[Object]) -> None:
        """This is all there is now."""
        ...

    def changed(self, found: Object, *, gone: bool) -> None:
        """One was added, changed or deleted."""
        ...


class Watch:
    """One list, in a thread.

    Args:
        path: of the list: `/api/v1/pods`.
        selectors: `labelSelector`, `fieldSelector`; empty ones are left out.
        bare: metadata is enough.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        access: Reaching,
        path: str,
        selectors: Mapping[str, str],
        follower: Follower,
        *,
        bare: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = Api(access)
        self._path, self._selectors, self._follower, self._bare = path, selectors, follower, bare
        self._ended, self._read_timeout = threading.Event(), access.timeout
        self._clock = clock
        self._thread: threading.Thread | None = None
        self.synced = threading.Event()
        """Set when the follower was told of the whole list."""

    def start(self) -> None:
        """Begin; a second time changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"watch {self._path}", daemon=True)
            self._thread.start()

    def shutdown(self) -> None:
        """End; whoever waits for the server waits no longer."""
        self._ended.set()
        self._api.end()

    def _run(self) -> None:
        version = ""
        pace = Pace(f"what there is of {self._path} can't be followed", self._clock)
        while not self._ended.is_set():
            failed, began = "", math.inf
            try:
                version = version or self._list()
                began = self._clock()
                version = self._follow(version)
            except Refused as refusal:
                failed, version = ("", "") if refusal.gone else (str(refusal), version)
            except (KeyError, TypeError, AttributeError) as error:  # what answers is not ours
                failed, version = f"an answer of another shape: {type(error).__name__}", ""
            pace.rest(self._ended, failed, lasted=self._clock() - began)

    def _list(self) -> str:
        """All pages; the version from which on it is followed."""
        found: list[Object] = []
        version = ""
        for page in pages(self._api, self._path, self._selectors, self._accept("List")):
            found += page.objects
            version = page.version
        self._follower.listed(found)
        self.synced.set()
        return version

    def _follow(self, version: str) -> str:
        """Until the server ends the watch; the version to go on from."""
        for kind, found in changes(
            self._api, self._path, self._selectors, version, self._read_timeout, self._accept("")
        ):
            if kind != BOOKMARK:
                self._follower.changed(found, gone=kind == "DELETED")
            version = str(found["metadata"]["resourceVersion"])
        return version

    def _accept(self, suffix: str) -> str:
        return _BARE.format(suffix) if self._bare else WHOLE
