"""What the store holds no more, out of an archive: pages as of a store, in a child each, two at once, without what the store shows itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from collector.component import HoldsArchive
from collector.console.archive_child import Order
from collector.console.children import answered, later
from collector.console.masking import Masks
from collector.console.reads import noted
from collector.console.refusal import Busy, Refused
from collector.extensions.console.config import ConsoleConfig
from collector.query.searching import Found, Place
from collector.settings.model import Settings
from collector.store.reading import Readable

if TYPE_CHECKING:
    from collector.console.asking import Asked

_AT_ONCE, _MOST_WAITING = 2, 4
_CHILD = "collector.console.archive_child"
_KNOWN = "SELECT record_id FROM logs WHERE record_id IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Archived:
    """A page, and what it took. `found.complete`: only where nothing was damaged."""

    found: Found
    objects: int
    read_bytes: int
    damaged: Sequence[str]


class Archives:
    """Of one console: the archive at `place`, a URL or folder with its storage's options."""

    def __init__(self, place: tuple[str, Mapping[str, str]], options: ConsoleConfig, masks: Masks | None) -> None:
        self._url, self._storage = place
        self._options = options
        self._masks = masks
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="archive")
        self._under_way = 0

    async def page(self, asked: Asked, limit: int, before: Place | None, *, events: bool = False) -> Archived:
        """The newest `limit` records behind a place. Raises `Refused`: not now, or the archive can't be read."""
        noted(asked.scope)
        if self._under_way >= _AT_ONCE + _MOST_WAITING:
            raise Busy
        order = Order(
            self._url, self._storage, asked.query.text, None if asked.scope.is_everything else asked.scope.sorted(),
            asked.since, asked.until, limit, before, events, self._options.archive_timeout, self._options.archive_bytes,
        )  # fmt: skip
        self._under_way += 1
        answer, loop = self._threads.submit(self._child, order), asyncio.get_running_loop()
        answer.add_done_callback(lambda _: later(loop, self._ended))
        return self._read(await asyncio.wrap_future(answer))

    def close(self) -> None:
        """Take no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ended(self) -> None:
        """Also where nobody waits for it any more: what runs takes its place until it is done; what has not begun goes with who asked."""
        self._under_way -= 1

    def _child(self, order: Order) -> Mapping[str, Any]:
        said: Mapping[str, Any] = answered(_CHILD, order, "the archive could not be searched")
        return said

    def _read(self, said: Mapping[str, Any]) -> Archived:
        if problem := said.get("problem"):
            raise Refused(503, f"the archive can't be read: {problem}", None, 30.0)
        rows = [row if self._masks is None else self._masks.record(row) for row in said["rows"]]
        next_ = Place(*said["next"]) if said["next"] else None
        found = Found(said["searched_to"], rows, said["complete"], next_)
        return Archived(found, said["objects"], said["read_bytes"], said["damaged"])


def known(ids: Sequence[str]) -> Callable[[Readable], set[str]]:
    """Which of these the store has."""
    return lambda connection: {row[0] for row in connection.execute(_KNOWN, [orjson.dumps(list(ids)).decode()])}


def archives_of(options: ConsoleConfig, settings: Settings, masks: Masks | None) -> Archives | None:
    """Of the exporter that the options name, or the first that has one; None: there is none."""
    for ident, component in settings.exporters.items():
        if options.archive in ("", ident) and isinstance(component.config, HoldsArchive):
            return Archives(component.config.archived_at(), options, masks)
    return None
