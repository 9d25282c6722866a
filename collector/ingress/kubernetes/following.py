"""The life of a list's thread: it asks until it is ended, later and later while it can't."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping

from collector.ingress.kubernetes.wanted import Maps, Wanted
from collector.ingress.reading import Ended, Source
from collector.ingress.written import Written
from collector.transport.kubernetes.api import Api, Reaching, Refused
from collector.transport.kubernetes.discovery import NotServed, Resource, find
from collector.transport.kubernetes.lists import Object
from collector.transport.kubernetes.pace import Pace

_NOT_FOUND = 404
_log = logging.getLogger(__name__)


class Following(ABC):
    """One list of a receiver."""

    verb = "list"
    """What the server must let us do with the objects."""

    def __init__(self, wanted: Wanted, access: Reaching, source: Source, maps: Maps) -> None:
        self.wanted = wanted
        self.lacking = ""
        """Why it can't be read; empty: it can."""
        self._access, self._api, self._source, self._maps = access, Api(access), source, maps
        self._resource: Resource | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"follows {wanted.shown}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Whoever waits for the server waits no longer."""
        self._ended.set()
        self._api.end()

    def join(self, secs: float) -> None:
        """Until its thread has ended, or so long."""
        if self._thread.is_alive():
            self._thread.join(secs)

    @abstractmethod
    def _round(self, path: str) -> None:
        """Take what there is, until the server ends it. Raises `Refused`, `Ended`."""

    def _run(self) -> None:
        pace = Pace(f"{self.wanted.shown} of the Kubernetes API can't be read")
        with contextlib.suppress(Ended):
            while not self._ended.is_set():
                began = time.monotonic()
                failed = self._tried()
                pace.rest(self._ended, failed, lasted=time.monotonic() - began)

    def _tried(self) -> str:
        """Why it failed; empty: it did not."""
        try:
            self._round(self._path())
        except NotServed as missing:
            if self.wanted.missing == "propagate":
                return self._lacks(str(missing))
            if self.wanted.missing == "ignore":
                _log.info("%s: %s; it is tried again", self.wanted.shown, missing)
        except Refused as refusal:
            if refusal.status == _NOT_FOUND:  # its definition may be gone, or have another version
                self._resource = None
            return self._lacks("" if refusal.gone else str(refusal))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            return self._lacks(f"an answer of another shape: {type(error).__name__}")
        return ""

    def _lacks(self, reason: str) -> str:
        if not self._ended.is_set():
            self.lacking = reason
        return reason

    def _path(self) -> str:
        if self._resource is None:
            self._resource = find(self._api, self.wanted.name, self.wanted.group, self.verb)
        namespace = self.wanted.namespace
        if namespace and not self._resource.namespaced:
            raise NotServed(f"{self.wanted.name} are in no namespace: leave `namespaces` out")
        return self._resource.path(namespace)

    def _written(self, kind: str, found: Object) -> Written | None:
        assert self._resource is not None
        if kind in self.wanted.left_out or not self.wanted.takes(found):
            return None
        return self._maps(kind, found, self._resource)

    def _selectors(self) -> Mapping[str, str]:
        return self.wanted.selectors()
