"""The databases of one exporter: found or made by name, opened when the first record for them comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from collector.errors import StorageError
from collector.store.d1 import D1Database, find_database
from collector.transport.cloudflare import CloudflareClient, CloudflareError


class Databases:
    """Place → database. `auto_create`: a name that leads nowhere is made."""

    def __init__(
        self, client: CloudflareClient, *, auto_create: bool, auto_migrate: bool, indexes: Sequence[str]
    ) -> None:
        self._client = client
        self._auto_create = auto_create
        self._auto_migrate = auto_migrate
        self._indexes = indexes
        self._open: dict[str, D1Database] = {}
        self._finding = asyncio.Lock()

    def all(self) -> Sequence[D1Database]:
        """Those that were opened."""
        return list(self._open.values())

    def by_place(self) -> dict[str, D1Database]:
        """Those that were opened, by place."""
        return dict(self._open)

    async def prepared(self, place: str) -> D1Database:
        """The database of a place, its schema up to date. Raises as `D1Database` does."""
        async with self._finding:
            if place not in self._open:
                name = place.removeprefix("name:")
                id_ = await self._found(name) if name != place else place
                self._open[place] = D1Database(
                    self._client, id_, auto_migrate=self._auto_migrate, indexes=self._indexes
                )
        database = self._open[place]
        if not database.prepared:
            await database.prepare()
        return database

    async def _found(self, name: str) -> str:
        """The id of the database of that name."""
        if found := await find_database(self._client, name):
            return found
        if not self._auto_create:
            raise StorageError(f"there is no D1 database {name!r}: make it, or set auto_create: true")
        made = await self._client.call("POST", "/d1/database", orjson.dumps({"name": name}))
        if not made.succeeded:
            raise CloudflareError(made)
        return str(made.result["uuid"])
