"""Domains that name more different things than they may: told once a minute, and counted."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import NamedTuple

from collector.control.catalogue import CARDINALITY_REACHED
from collector.control.repeats import Repeats
from collector.control.reporter import Reporter

log = logging.getLogger("logboom.limits")


class _Crowd(NamedTuple):
    domain: str
    kind: str
    most: int


class Crowds:
    """Of a worker; safe from any thread."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._repeats = Repeats(self._tell, _Crowd("", "", 0))

    def over(self, domain: str, kind: str, most: int, number: int) -> None:
        """So many names became another."""
        with self._lock:
            self._counts[domain, kind] += number
        self._repeats.happened(_Crowd(domain, kind, most), number)

    def counts(self) -> list[tuple[str, str, int]]:
        """(domain, kind, names that became another since the start)."""
        with self._lock:
            return [(*key, number) for key, number in self._counts.items()]

    def flush(self) -> None:
        """Tell what is due; each second."""
        self._repeats.flush()

    def _tell(self, crowd: _Crowd, count: int) -> None:
        whose, what = crowd.domain or "other domains", crowd.kind.replace("_", " ")
        body = f"{whose} named more than {crowd.most} different {what}: {count} more were put together"
        log.warning("%s", body)
        self._reporter.tell(
            CARDINALITY_REACHED, body,
            {"logboom.domain": crowd.domain, "logboom.of": crowd.kind, "logboom.most": crowd.most, "logboom.count": count},
            concerned=crowd.domain,
        )  # fmt: skip
