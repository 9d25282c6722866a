"""An Elasticsearch that counts documents: `python bulk_sink.py PORT` throws them away, `… PORT URL` passes them on to a server.

`GET /count` tells how many documents were created so far. Its answers name the product Elasticsearch, without which the
Collector's client refuses OpenSearch.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp
from aiohttp import web
from isal import igzip

total = 0
_KEPT = ("Content-Type", "Content-Encoding")
_NAMED = {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}


def documents(request: web.BaseRequest, body: bytes) -> int:
    """Two lines a document."""
    packed = request.headers.get("Content-Encoding") == "gzip"
    return (igzip.decompress(body) if packed else body).count(b"\n") // 2


async def main(port: int, server: str) -> None:
    """Serve for ever."""

    async def handle(request: web.BaseRequest) -> web.Response:
        global total
        if request.path == "/count":
            return web.Response(text=str(total))
        request._client_max_size = 1 << 30
        body = await request.read()
        status, answer = await forwarded(request, body) if server else (200, b'{"took":1,"errors":false,"items":[]}')
        if status == 200 and "_bulk" in request.path and b'"errors":true' not in answer:
            total += documents(request, body)
        return web.Response(status=status, body=answer, headers=_NAMED)

    async def forwarded(request: web.BaseRequest, body: bytes) -> tuple[int, bytes]:
        headers = {name: request.headers[name] for name in _KEPT if name in request.headers}
        async with session.request(request.method, server + request.path_qs, data=body, headers=headers) as answer:
            return answer.status, await answer.read()

    async with aiohttp.ClientSession() as session:
        runner = web.ServerRunner(web.Server(handle, auto_decompress=False))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
