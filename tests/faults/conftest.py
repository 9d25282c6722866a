"""The real destinations, and the records that are on their way to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from counterparts.cloudflare import Cloudflare, Pool


@pytest.fixture(scope="session")
def cloudflare() -> Iterator[Pool]:
    with Cloudflare(pool=64) as place:
        yield Pool(place)
