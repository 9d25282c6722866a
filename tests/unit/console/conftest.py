"""Coroutines (modules marked `anyio`) are run by anyio's plugin, on asyncio alone."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
