"""`python -P -m collector.console.archive_child`: an `Order` on standard input, as JSON what an archive holds of it."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from collector.explaining.child import bound_memory, bound_time


@dataclass(frozen=True, slots=True)
class Order:
    """A page of an archive: see `collector.query.searching.Wanted`, `collector.archive.searching.Budget`. `domains`: None for all."""

    url: str
    storage: Mapping[str, str]
    query: str
    domains: Sequence[str] | None
    since: int
    until: int
    limit: int
    before: tuple[int, str] | None
    events: bool
    secs: float
    most_bytes: int


def main() -> None:
    """Take the order, answer it."""
    bound_time()
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own process
    import collector.samples  # noqa: F401 - takes all libraries that a record can make swell

    bound_memory()
    sys.stdout.buffer.write(answer(order))


def answer(order: Order) -> bytes:
    """The page, as JSON; where the storage can't be asked, why."""
    from collector.object_storage import TargetError

    try:
        said = _searched(order)
    except TargetError as error:
        said = {"problem": str(error)}
    return orjson.dumps(said, default=bytes.hex)


def _searched(order: Order) -> dict[str, Any]:
    from collector.archive.reading import open_archive
    from collector.archive.searching import Budget, search_archive
    from collector.query import Query
    from collector.query.searching import Place, Wanted
    from collector.scope import Scope

    scope = Scope.everything() if order.domains is None else Scope.of(*order.domains)
    before = Place(*order.before) if order.before else None
    wanted = Wanted(Query(order.query), scope, order.since, order.until, order.limit, before, order.events)
    page = search_archive(open_archive(order.url, order.storage), wanted, Budget(order.secs, order.most_bytes))
    found = page.found
    return {
        "rows": found.rows, "searched_to": found.searched_to, "complete": found.complete, "next": tuple(found.next) if found.next else None,
        "objects": page.objects, "read_bytes": page.read_bytes, "damaged": page.damaged,
    }  # fmt: skip


if __name__ == "__main__":
    main()
