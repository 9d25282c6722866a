"""An Elasticsearch that counts documents: `python bulk_sink.py PORT` throws them away, `… PORT URL` passes them on to OpenSearch.

`GET /count` tells how many documents were created so far. What the Collector says to Elasticsearch alone is made good here:
its client wants answers that name the product, and OpenSearch does not know `require_data_stream`.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp
from aiohttp import web
from isal import igzip

total = 0
_UNKNOWN = b',"require_data_stream":true'
_NAMED = {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}


async def lines(request: web.BaseRequest) -> bytes:
    """The body as it was before compression."""
    body = await request.read()
    return igzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body


async def main(port: int, server: str) -> None:
    """Serve for ever."""

    async def handle(request: web.BaseRequest) -> web.Response:
        global total
        if request.path == "/count":
            return web.Response(text=str(total))
        request._client_max_size = 1 << 30
        body = await lines(request)
        status, answer = await forwarded(request, body) if server else (200, b'{"took":1,"errors":false,"items":[]}')
        if status == 200 and "_bulk" in request.path and b'"errors":true' not in answer:
            total += body.count(b"\n") // 2
        return web.Response(status=status, body=answer, headers=_NAMED)

    async def forwarded(request: web.BaseRequest, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        data = body.replace(_UNKNOWN, b"")
        async with session.request(request.method, server + request.path_qs, data=data, headers=headers) as answer:
            return answer.status, await answer.read()

    async with aiohttp.ClientSession() as session:
        runner = web.ServerRunner(web.Server(handle, auto_decompress=False))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
