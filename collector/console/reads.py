"""Who read what, for the audit log: each question to the store is noted where it is asked, summed for a minute, and told to the service until that is on
disk. What it holds is bounded; what can't be told before the end is left in a file for the next start.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from collector.audit.key import FILE as KEY_FILE
from collector.control.asking import NotRunning, NotTaken, ask
from collector.control.catalogue import AUDIT_LOST, RECORDS_EXPORTED, RECORDS_READ
from collector.control.event import PROCESS
from collector.control.record import ControlRecord, Value, shortened
from collector.key_file import kept_key
from collector.query.problems import QueryError
from collector.query.shape import shape_of
from collector.scope import Scope

log = logging.getLogger("logboom.console")

FILE = "reads.json"
ALL = "*"
_MOST_SUMS, _MOST_WAITING, _MOST_DOMAINS = 2048, 4096, 16
_EACH_SECS = 60.0
_OTHERS = "{other}"


class What(NamedTuple):
    """What is summed together."""

    who: str
    address: str
    by: str
    domain: str
    shape: str
    exported: bool = False


@dataclass(slots=True)
class _Sum:
    question: str
    since: int
    count: int = 0


class Reads:
    """Of one process.

    Args:
        root: the data directory.
        operator: the operator's domain, as it is now: whose the readings of all domains are.
        tell: hands a record over, and returns when it is on disk. Raises `NotRunning`, `NotTaken`.
    """

    def __init__(
        self,
        root: Path,
        process: str,
        operator: Callable[[], str],
        tell: Callable[[ControlRecord], object] | None = None,
    ) -> None:
        self._root, self._process, self._operator = root, process, operator
        self._tell = tell or (lambda record: ask(root, record))
        self._sums: dict[What, _Sum] = {}
        self._waiting: dict[str, ControlRecord] = {}
        self._lost = 0
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="reads", daemon=True)
        self._key: bytes | None = None

    def start(self) -> None:
        """Begin to tell; what a process before could not is told with it."""
        self._waiting |= {record.id: record for record in _left(self._root / FILE)}
        self._thread.start()

    def note(self, what: What, question: str) -> None:
        """Once more. From any thread; never waits."""
        with self._lock:
            if what not in self._sums and len(self._sums) >= _MOST_SUMS:
                what = What(_OTHERS, "", what.by, ALL, _OTHERS, what.exported)
            found = self._sums.setdefault(what, _Sum(question, time.time_ns()))
            found.count += 1

    def flush(self) -> bool:
        """Tell what was noted; False: something waits still."""
        with self._lock:
            sums, self._sums = self._sums, {}
        for what, each in sums.items():
            record = self._record(what, each)
            self._waiting[record.id] = record
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
            self._lost += 1
        return self._told()

    def close(self) -> None:
        """Tell what is left, or leave it in a file. Safe twice."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        if not self.flush():
            _leave(self._root / FILE, [*self._waiting.values(), *([self._loss()] if self._lost else [])])

    def hashed(self, question: str) -> str:
        """By what equal questions are known: an HMAC, so that nobody without the key tries out what was asked."""
        try:
            if self._key is None:
                self._key = sha256(b"questions" + kept_key(self._root / KEY_FILE, "")).digest()
        except OSError:
            return ""
        return hmac.digest(self._key, question.encode(), "sha256").hex()[:16]

    def _run(self) -> None:
        while not self._ended.wait(_EACH_SECS):
            self.flush()

    def _told(self) -> bool:
        for record in list(self._waiting.values()):
            if not self._taken(record):
                return False
            self._waiting.pop(record.id, None)
        if self._lost:
            log.error("%d sums of who read records were lost", self._lost)
            if not self._taken(self._loss()):
                return False
            self._lost = 0
        with contextlib.suppress(OSError):
            (self._root / FILE).unlink(missing_ok=True)
        return True

    def _taken(self, record: ControlRecord) -> bool:
        """False: it is to be told again."""
        try:
            self._tell(record)
        except NotTaken as refused:
            log.error("who read records is not taken in: %s", refused)
        except NotRunning:
            return False
        return True

    def _loss(self) -> ControlRecord:
        own: dict[str, Value] = {PROCESS: self._process, "logboom.count": self._lost}
        body = f"{self._lost} sums of who read records were lost"
        return ControlRecord(AUDIT_LOST.event_name, self._operator(), body, own, AUDIT_LOST.severity)

    def _record(self, what: What, each: _Sum) -> ControlRecord:
        event = RECORDS_EXPORTED if what.exported else RECORDS_READ
        of = "all domains" if what.domain == ALL else what.domain
        done = "downloaded" if what.exported else "read"
        said: dict[str, Value] = {
            PROCESS: self._process, "user.id": what.who, "client.address": what.address, "logboom.by": what.by, "logboom.domain": what.domain,
            "logboom.shape": shortened(what.shape), "logboom.question": each.question, "logboom.count": each.count, "logboom.since": each.since,
        }  # fmt: skip
        body = f"{what.who or 'somebody'} {done} records of {of} {each.count} times: {what.shape}"
        domain = self._operator() if what.domain == ALL else what.domain
        return ControlRecord(
            event.event_name, domain, shortened(body), {key: value for key, value in said.items() if value != ""}
        )


@dataclass(slots=True)
class Reader:
    """Who asks, within one request.

    Args:
        by: `console`, `api`, `loki`, `mcp`.
        path: in the place of the route's.
        scope: of ASGI: its route is known once a handler was found.
    """

    reads: Reads
    who: str
    address: str
    by: str
    scope: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    exported: bool = False
    _noted: set[str] = field(default_factory=set)

    def asked(self, scope: Scope) -> None:
        """A question to the store: the first one of a request about a domain is noted."""
        domains = [ALL] if scope.is_everything or len(scope.sorted()) > _MOST_DOMAINS else scope.sorted()
        new = [domain for domain in domains if domain not in self._noted]
        if not new:
            return
        self._noted.update(new)
        question = self.scope.get("query_string", b"").decode("latin-1")
        hashed = self.reads.hashed(f"{self.scope.get('path', self.path)}?{question}")
        for domain in new:
            self.reads.note(What(self.who, self.address, self.by, domain, self._shape(), self.exported), hashed)

    def _shape(self) -> str:
        route = self.path or getattr(self.scope.get("route"), "path", "") or str(self.scope.get("path", ""))[:100]
        return f"{route} {_shape_of_query(self.scope.get('query_string', b''))}".strip()


_READER: ContextVar[Reader | None] = ContextVar("reader", default=None)


def begin(reader: Reader | None) -> None:
    """For the request that begins here."""
    _READER.set(reader)


def noted(scope: Scope) -> None:
    """A question to the store is asked, within the request of whoever asks."""
    if (reader := _READER.get()) is not None:
        reader.asked(scope)


def named(shape: str) -> None:
    """What the request asks, where its path says nothing of it."""
    if (reader := _READER.get()) is not None:
        reader.path = shape


def exported() -> None:
    """What the request reads is taken away."""
    if (reader := _READER.get()) is not None:
        reader.exported = True


@lru_cache(256)
def _shape_of_query(query_string: bytes) -> str:
    """Pages and programs ask the same again and again."""
    given = parse_qs(query_string.decode("latin-1"), max_num_fields=50)
    try:
        return " ".join(shape_of(text) for text in given.get("q", ())[:1])
    except (QueryError, ValueError):
        return "?"


def _leave(path: Path, records: Iterable[ControlRecord]) -> None:
    """For the next start, 0600."""
    try:
        own = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps([record.to_json() for record in records]))
        own.replace(path)
    except OSError as error:
        log.error("who read records could not be written down: %s", error)


def _left(path: Path) -> list[ControlRecord]:
    """What a process before left; the file stays until that is told, and told twice it is taken once."""
    with contextlib.suppress(OSError, ValueError):
        return [ControlRecord.parse(each) for each in orjson.loads(path.read_bytes())]
    return []
