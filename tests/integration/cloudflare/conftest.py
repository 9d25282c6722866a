"""One counterpart of Cloudflare for the session; every test has a database and a namespace of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from collector.testing.cloudflare import Cloudflare, Place

POOL = 64


@dataclass
class Mine:
    """What one test may use; `database()` and `namespace()` give a fresh one each."""

    place: Place
    numbers: Iterator[int]

    def database(self) -> str:
        return self.place.databases[next(self.numbers)]

    def namespace(self) -> str:
        return self.place.namespaces[next(self.numbers)]

    def options(self, base_url: str = "") -> dict[str, object]:
        """The options that every exporter needs."""
        return {
            "account_id": self.place.account_id,
            "api_token": self.place.token,
            "base_url": base_url or self.place.base_url,
            "max_calls_per_5m": 0,
        }


@pytest.fixture(scope="session")
def counterpart() -> Iterator[Mine]:
    with Cloudflare(pool=POOL) as place:
        yield Mine(place, itertools.count())


@pytest.fixture
def cloudflare(counterpart: Mine) -> Mine:
    return counterpart
