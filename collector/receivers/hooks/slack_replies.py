"""An answer to the one who pressed a button: seldom, so a connection each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

_TIMEOUT_SECS = 5.0


async def post(url: str, said: Mapping[str, Any]) -> None:
    """To a `response_url`. Raises what the client raises."""
    from collector.transport.http_client import HttpClient  # only where Slack is told something
    from collector.transport.http_client_config import HttpClientConfig

    client = HttpClient(HttpClientConfig())
    await client.start()
    try:
        async with asyncio.timeout(_TIMEOUT_SECS):
            await client.post(url, orjson.dumps(said), {"Content-Type": "application/json"})
    finally:
        await client.close()
