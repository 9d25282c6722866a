"""One counterpart of Cloudflare for the session; every test takes databases and namespaces of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from counterparts.cloudflare import Cloudflare, Pool


@pytest.fixture(scope="session")
def cloudflare() -> Iterator[Pool]:
    with Cloudflare(pool=64) as place:
        yield Pool(place)
