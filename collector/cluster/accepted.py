"""What every logboom of the cluster accepted, as one worker process reads it: its threads and connections.

a `Fetcher` for each pipeline ──► a `Window` for each of its partitions and topics ──► `KafkaSource` (collector.cluster.sources)
one reader for all shelves ─────► single entries (collector.cluster.shelf)
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

import xxhash

from collector.cluster.fetcher import LIMIT_BYTES, Fetcher
from collector.cluster.shelf import ShelfReader
from collector.cluster.window import Window
from collector.errors import OutOfReach
from collector.kafka.wire import Admin, Place, TopicState, Unreachable, Wire

_log = logging.getLogger("logboom.cluster")

OnLost = Callable[["Lost"], None]


class Lost:
    """Payloads that were deleted before a pipeline had read them: by retention, or while the pipeline was not configured.

    `upto`: not more than so many, all domains and receivers together; nobody knows how many records they had.
    """

    def __init__(self, pipeline: str, place: Place, upto: int) -> None:
        self.pipeline, self.place, self.upto = pipeline, place, upto

    def __str__(self) -> str:
        return (
            f"pipeline {self.pipeline} had not read up to {self.upto} payloads of {self.place.topic}/{self.place.partition}, "
            "and they were deleted: `service.ledger.kafka.retention` is over for them, or the pipeline was not configured meanwhile"
        )


def journal_id(cluster: str, topic_id: str, partition: int) -> str:
    """What names a place of a topic for ever: another cluster, or a topic that was made anew, gives another."""
    return xxhash.xxh3_64_hexdigest(f"{cluster}\0{topic_id}\0{partition}".encode())


class Accepted:
    """What was accepted, as one worker process reads it; made once, and closed after its ledgers.

    Args:
        data, control: the topics.
        on_news: told, from any thread, that there is something to be read; a pulse.
        on_lost: told once of each gap, from any thread.
        limit_bytes: of all windows of a pipeline together.
    """

    def __init__(
        self,
        wire: Wire,
        data: TopicState,
        control: TopicState,
        on_news: Callable[[], None] = lambda: None,
        on_lost: OnLost = lambda _: None,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self._wire = wire
        self._admin: Admin = wire.admin()
        self.cluster = self._admin.cluster_id()
        self.data, self.control = data, control
        self._on_news, self._on_lost = on_news, on_lost
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._fetchers: dict[str, tuple[Fetcher, set[Window]]] = {}
        self._shelf = ShelfReader(wire)

    def place(self, number: int, control: bool) -> tuple[Place, str]:
        """A partition's place of a topic, and the id of that journal."""
        topic = self.control if control else self.data
        return Place(topic.name, number), journal_id(self.cluster, topic.id, number)

    def ends(self, places: Sequence[Place]) -> Mapping[Place, int]:
        """The offset behind the last record of each. Raises `OutOfReach`."""
        try:
            with self._asking:  # for seconds, when a broker hangs: nothing else may wait for that
                return {place: end for place, (_, end) in self._admin.bounds(places).items()}
        except Unreachable as error:
            raise OutOfReach(f"the ends of the topics can't be asked for now: {error}") from error

    def fetch(self, pipeline: str, window: Window) -> Fetcher:
        """Fill a window from now on."""
        with self._lock:
            if pipeline not in self._fetchers:
                fetcher = Fetcher(
                    f"pipeline {pipeline}", self._wire.reader, self._on_news, self._missed(pipeline), self._limit_bytes
                )
                self._fetchers[pipeline] = fetcher, set()
            fetcher, windows = self._fetchers[pipeline]
            windows.add(window)
            fetcher.follow(window)
        return fetcher

    def leave(self, pipeline: str, window: Window) -> None:
        """Not any more; the last one takes its thread along. Safe twice."""
        with self._lock:
            fetcher, windows = self._fetchers.get(pipeline, (None, set()))
            if fetcher is None or window not in windows:
                return
            windows.discard(window)
            if windows:
                fetcher.leave(window)
            else:
                del self._fetchers[pipeline]
        if not windows:
            fetcher.close()

    def windows(self, number: int) -> Mapping[Window, str]:
        """A partition's windows, of all pipelines, which are told with them."""
        with self._lock:
            return {
                window: pipeline
                for pipeline, (_, windows) in self._fetchers.items()
                for window in windows
                if window.place.partition == number
            }

    def is_full(self, window: Window) -> bool:
        """Whether it is paused until something of it is passed."""
        with self._lock:
            return any(fetcher.has_paused(window) for fetcher, windows in self._fetchers.values() if window in windows)

    def shelf(self) -> ShelfReader:
        """Reads single entries."""
        return self._shelf

    def close(self) -> None:
        """End all threads; safe twice."""
        with self._lock:
            fetchers = [fetcher for fetcher, _ in self._fetchers.values()]
            self._fetchers.clear()
        for fetcher in fetchers:
            fetcher.close()
        self._shelf.close()
        self._admin.close()

    def _missed(self, pipeline: str) -> Callable[[Window, int], None]:
        def told(window: Window, upto: int) -> None:
            lost = Lost(pipeline, window.place, upto)
            _log.error("%s", lost)
            self._on_lost(lost)

        return told
