"""A destination that counts: syslog over TCP with octet counting, or an HTTP Event Collector. `python siem_sink.py KIND PORT`.

KIND is `syslog` or `hec`. A connection that says `count\\n` (syslog) or `GET /count` (hec) is told the records so far.
"""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web

total = 0


async def syslog(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Count the messages of a connection."""
    global total
    waiting = b""
    while data := await reader.read(1 << 20):
        if data == b"count\n":
            writer.write(str(total).encode())
            break
        waiting += data
        at = 0
        while (space := waiting.find(b" ", at, at + 8)) > 0 and len(waiting) >= (
            end := space + 1 + int(waiting[at:space])
        ):
            total += 1
            at = end
        waiting = waiting[at:]
    writer.close()


async def events(request: web.Request) -> web.Response:
    """Count the events of a request: each envelope of ours has its time first."""
    global total
    body = await request.read()
    total += body.count(b'{"time":')
    return web.json_response({"text": "Success", "code": 0})


async def count(_: web.Request) -> web.Response:
    """The records so far."""
    return web.Response(text=str(total))


async def main(kind: str, port: int) -> None:
    """Serve for ever."""
    if kind == "syslog":
        server = await asyncio.start_server(syslog, "127.0.0.1", port, limit=1 << 20)
        await server.serve_forever()
    application = web.Application(client_max_size=1 << 30)
    application.add_routes([web.get("/count", count), web.post("/{path:.*}", events)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
