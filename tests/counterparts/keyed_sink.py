"""A store of a test behind the exporter `webhook`: each record once by its id, with when it came; and the calls about notifications."""

from __future__ import annotations

import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any, Self

import orjson

from counterparts.http_recorder import Answer, HttpRecorder, Received

RECORDS, CALLS = "/records", "/calls"


class KeyedSink:
    """Listens from `__enter__` to `__exit__`.

    `records`: record id → the record as it came first; `times`: how often it came. `came`: `n` → monotonic seconds of the first time.
    `calls`: bodies of notifications, in order.
    """

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.times: Counter[str] = Counter()
        self.came: dict[int, float] = {}
        self.calls: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._server = HttpRecorder(self._take)

    @property
    def url(self) -> str:
        """Where records go: `<url>/records`, and calls: `<url>/calls`."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.__exit__()

    def numbers(self) -> Counter[int]:
        """`n` → how many records with that attribute there are, of different ids."""
        with self._lock:
            return Counter(n for each in self.records.values() if (n := number_of(each)) is not None)

    def events(self, kind: str = "logboom.") -> list[dict[str, Any]]:
        """What components made, whose name begins so."""
        with self._lock:
            return [each for each in self.records.values() if str(each.get("event_name", "")).startswith(kind)]

    def _take(self, request: Received) -> Answer:
        now = time.monotonic()
        with self._lock:
            if request.path.startswith(CALLS):
                self.calls.append(orjson.loads(request.body))
            else:
                for line in request.body.splitlines():
                    self._keep(orjson.loads(line), now)
        self._server.taken()
        return Answer(b"{}")

    def _keep(self, record: dict[str, Any], now: float) -> None:
        name = record["record_id"]
        self.times[name] += 1
        self.records.setdefault(name, record)
        if (n := number_of(record)) is not None:
            self.came.setdefault(n, now)


def number_of(record: dict[str, Any]) -> int | None:
    """Its attribute `n`; None: it was not sent by a numbering sender."""
    n = record.get("attributes", {}).get("n")
    return None if n is None else int(n)
