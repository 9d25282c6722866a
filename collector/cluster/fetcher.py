"""One thread for one pipeline in a worker process: reads all places that the pipeline reads here, into their windows.

A window that is full is paused until half of it was worked on; what the client has fetched meanwhile is not lost. So memory is bounded
by the pipeline (`limit_bytes`), however many partitions the worker holds, and a partition with a backlog holds up no other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from collector.cluster.window import Window
from collector.errors import StorageError
from collector.kafka.wire import AtEnd, Message, OutOfRange, Place, Reader, Unreachable

LIMIT_BYTES = 128 << 20
_LEAST_BYTES, _MOST_BYTES = 1 << 20, 64 << 20  # of one window
_AT_ONCE_BYTES, _AT_ONCE = 4 << 20, 512
_READ_SECS = 0.5
_REST_SECS = 0.5
_SAY_AGAIN_SECS = 60.0
_JOIN_SECS = 2.0  # whoever puts partitions down has little time; the thread ends by itself
_log = logging.getLogger("logboom.cluster")

OnGap = Callable[[Window, int], None]
"""(window, offsets that are missing): what stood there was deleted before it was read. From the fetcher's thread."""


class Fetcher:
    """See the module.

    Args:
        open_reader: makes the reader, in the fetcher's thread.
        on_news: told, from that thread, that a window got something, or can't be read any more.
    """

    def __init__(
        self,
        name: str,
        open_reader: Callable[[str], Reader],
        on_news: Callable[[], None],
        on_gap: OnGap,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self._name = name
        self._open_reader = open_reader
        self._on_news = on_news
        self._on_gap = on_gap
        self._limit_bytes = limit_bytes
        self._lock = threading.Condition()
        self._asked: deque[tuple[bool, Window]] = deque()
        self._closing = False
        self._reader: Reader | None = None
        self._windows: dict[Place, Window] = {}
        self._paused: set[Place] = set()
        self._at_once = 64
        self._said_at = -_SAY_AGAIN_SECS
        self._error: StorageError | None = None
        self._thread = threading.Thread(target=self._run, name=f"fetch {name}", daemon=True)
        self._thread.start()

    # --- any thread

    def follow(self, window: Window) -> None:
        """Fill it from now on."""
        self._ask(True, window)

    def leave(self, window: Window) -> None:
        """Not any more."""
        self._ask(False, window)

    def stir(self) -> None:
        """Something was taken out of a window: those that are paused may go on."""
        if self._paused:
            self._wake()

    def has_paused(self, window: Window) -> bool:
        """Whether it is full."""
        return window.place in self._paused

    def close(self) -> None:
        """End the thread; safe twice."""
        with self._lock:
            self._closing = True
        self._wake()
        self._thread.join(_JOIN_SECS)

    def _ask(self, follow: bool, window: Window) -> None:
        with self._lock:
            error = self._error
            self._asked.append((follow, window))
        if error is not None:
            window.fail(error)
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            self._lock.notify_all()
            if self._reader is not None:
                self._reader.wake()

    # --- its own

    def _run(self) -> None:
        try:
            with self._lock:
                self._reader = self._open_reader(self._name)
            while not self._closing:
                self._turn(self._reader)
        except Exception as error:  # noqa: BLE001 - whatever ends the thread, who reads must know
            _log.error("%s: nothing more is read: %s", self._name, error, exc_info=not isinstance(error, StorageError))
            self._fail(error if isinstance(error, StorageError) else StorageError(f"{self._name}: {error!r}"))
        finally:
            with self._lock:
                reader, self._reader = self._reader, None
            if reader is not None:
                reader.close()

    def _fail(self, error: StorageError) -> None:
        with self._lock:
            self._error = error
            asked = [window for _, window in self._asked]
        for window in (*self._windows.values(), *asked):
            window.fail(error)
        self._on_news()

    def _turn(self, reader: Reader) -> None:
        self._heed(reader)
        if not self._windows:
            with self._lock:
                self._lock.wait_for(lambda: self._asked or self._closing)
            return
        self._balance(reader)
        try:
            self._fill(reader.read(self._at_once, _READ_SECS))
        except OutOfRange as gone:
            self._begin_again(reader, gone)
        except Unreachable as error:
            self._say(f"no broker answers: {error}")
            time.sleep(_REST_SECS)

    def _heed(self, reader: Reader) -> None:
        while self._asked:
            follow, window = self._asked.popleft()
            place = window.place
            if follow:
                self._windows[place] = window
                if place in self._paused:  # it was another window of the same place
                    self._paused.discard(place)
                    reader.resume([place])
                reader.follow({place: window.read_to})
            elif self._windows.get(place) is window:
                del self._windows[place]
                self._paused.discard(place)
                reader.leave([place])

    def _balance(self, reader: Reader) -> None:
        """Pause what is full, let go on what is half empty."""
        most = min(_MOST_BYTES, max(_LEAST_BYTES, self._limit_bytes // len(self._windows)))
        full = [place for place, window in self._windows.items() if window.bytes >= most and place not in self._paused]
        free = [place for place in self._paused if self._windows[place].bytes <= most // 2]
        if full:
            reader.pause(full)
            self._paused.update(full)
        if free:
            self._paused.difference_update(free)
            reader.resume(free)

    def _fill(self, found: Sequence[Message | AtEnd]) -> None:
        news, size, messages = False, 0, 0
        for place in dict.fromkeys(each.place for each in found):
            window = self._windows.get(place)
            mine = [each for each in found if each.place == place]
            put = [each for each in mine if isinstance(each, Message)]
            if window is None:
                continue
            if put:
                news |= window.put(put)
                messages += len(put)
                size += sum(len(each.value or b"") for each in put)
            if isinstance(mine[-1], AtEnd):
                window.end(mine[-1].offset)
        if messages:
            self._at_once = min(_AT_ONCE, max(1, _AT_ONCE_BYTES * messages // max(1, size)))
        if news:
            self._on_news()

    def _begin_again(self, reader: Reader, gone: OutOfRange) -> None:
        window = self._windows.get(gone.place)
        if window is None:
            return
        if gone.begins <= gone.asked:
            raise StorageError(_cut_short(gone))
        missing = window.begin_at(gone.begins)
        reader.follow({gone.place: window.read_to})
        if missing:
            self._on_gap(window, missing)
            self._on_news()

    def _say(self, what: str) -> None:
        if time.monotonic() - self._said_at >= _SAY_AGAIN_SECS:
            self._said_at = time.monotonic()
            _log.warning("%s: %s", self._name, what)


def _cut_short(gone: OutOfRange) -> str:
    place = gone.place
    return (
        f"{place.topic}/{place.partition} ends before offset {gone.asked}, up to which it was read: the brokers have lost records that they had "
        "acknowledged (a leader that was behind, or a lone broker without power), and what comes in their places would be passed over. "
        "Restore the topic, or start afresh under another service.ledger.kafka.prefix"
    )
