"""Coroutines are run by anyio's plugin, on asyncio alone."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/unit/console/" in str(item.path):
            item.add_marker(pytest.mark.anyio)
