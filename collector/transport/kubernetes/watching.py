"""A list that is followed: all of it once, then what changes, for as long as this lives. What broke off goes on where it was; what the server does not
keep any more is listed anew. What ends as soon as it has begun is asked for later and later."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from collector.transport.kubernetes.api import Access, Api, Refused

log = logging.getLogger("logboom.kubernetes")
Object = dict[str, Any]
_PAGE = "500"
_SHORT_WAIT, _FIRST_WAIT, _LONGEST_WAIT, _TOLD_SECS = 0.1, 1.0, 30.0, 60.0
_LASTING_SECS = 5.0
"""A watch that was there for so long needs no wait behind it."""
_WHOLE = "application/json"
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
        access: Access,
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
        self._told, self._told_at = "", 0.0
        self._clock, self._wait = clock, 0.0
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
        self._api.close()

    def _run(self) -> None:
        version = ""
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
            self._rest(failed, lasted=self._clock() - began)

    def _rest(self, failed: str, lasted: float) -> None:
        """Longer each time, until a watch has lasted."""
        if failed:
            self._tell(failed)
        if lasted >= _LASTING_SECS:
            self._wait = 0.0
            if not failed:
                return
        self._wait = min(max(2 * self._wait, _FIRST_WAIT if failed else _SHORT_WAIT), _LONGEST_WAIT)
        self._ended.wait(self._wait * random.uniform(0.5, 1.0))  # noqa: S311

    def _list(self) -> str:
        """All pages; the version from which on it is followed."""
        found: list[Object] = []
        token = ""
        while True:
            parameters = {**self._selectors, "limit": _PAGE, "continue": token}
            page = self._api.get(self._path, parameters, self._accept("List"))
            found += page["items"] or []
            token = page["metadata"].get("continue", "")
            if not token:
                break
        self._follower.listed(found)
        self.synced.set()
        return str(page["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> str:
        """Until the server ends the watch; the version to go on from."""
        lasts = str(max(1, int(self._read_timeout * random.uniform(0.6, 0.9))))  # noqa: S311
        parameters = {
            **self._selectors, "watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version, "timeoutSeconds": lasts,
        }  # fmt: skip
        for event in self._api.lines(self._path, parameters, self._accept("")):
            found = event["object"]
            if event["type"] == "ERROR":
                raise Refused(str(found.get("message", "the watch failed")), int(found.get("code", 0)))
            if event["type"] != "BOOKMARK":
                self._follower.changed(found, gone=event["type"] == "DELETED")
            version = str(found["metadata"]["resourceVersion"])
        return version

    def _accept(self, suffix: str) -> str:
        return _BARE.format(suffix) if self._bare else _WHOLE

    def _tell(self, reason: str) -> None:
        """Once a minute, and when it is another reason."""
        now = self._clock()
        if not self._ended.is_set() and (reason != self._told or now - self._told_at >= _TOLD_SECS):
            self._told, self._told_at = reason, now
            log.warning("what there is of %s can't be followed: %s; it is tried again", self._path, reason)
