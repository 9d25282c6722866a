"""ClickHouse's HTTP interface around its engine (chDB), which really carries out each statement: `python -m counterparts.clickhouse_interface FOLDER`.

A process of its own, for the engine brings its threads and signal handlers. It prints its port. What the interface itself does is as documented:
statements in `query` or the body, settings as parameters, `Content-Encoding`, users by header, an exception's number in a header.
"""

from __future__ import annotations

import gzip
import io
import re
import sys
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import zstandard
from aiohttp import web
from chdb import session

USERS = {"default": "", "writer": "long password"}
_INSERT = re.compile(r"INSERT INTO (\S+) \(([^)]*)\) FORMAT ArrowStream")
_CODE = re.compile(r"Code: (\d+)\.")
_STATUS = {16: 404, 27: 400, 47: 404, 60: 404, 62: 400, 81: 404, 115: 404, 117: 400, 516: 403}
"""As the server's own table has it; every other exception is 500."""
_NO_USER = "Code: 516. DB::Exception: writer: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)"


class Interface:
    """One engine."""

    def __init__(self, folder: Path) -> None:
        engine: Any = session.Session  # without types
        self._engine = engine(str(folder / "data"))
        self._stream = folder / "stream.arrow"

    async def handle(self, request: web.Request) -> web.Response:
        """One statement."""
        body = decompressed(await request.read(), request.headers.get("Content-Encoding", ""))
        user, key = (request.headers.get(f"X-ClickHouse-{name}", "") for name in ("User", "Key"))
        if USERS.get(user or "default") != key:
            return refused(_NO_USER)
        settings = dict(request.query)
        statement = settings.pop("query", "")
        try:
            if found := _INSERT.fullmatch(statement):
                self._insert(found[1], found[2], body, settings)
                return answered(b"")
            return answered(self._engine.query(body.decode(), "JSONEachRow").bytes())
        except RuntimeError as error:
            return refused(str(error))

    def _insert(self, table: str, names: str, stream: bytes, settings: dict[str, str]) -> None:
        self._stream.write_bytes(stream)
        told = self._engine.query(f"DESCRIBE TABLE {table}", "TSV").bytes().decode().splitlines()
        kinds = {line.split("\t")[0]: line.split("\t")[1] for line in told}
        structure = ", ".join(f"{name} {kinds.get(name, 'String')}" for name in names.split(", "))
        given = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
        source = f"file('{self._stream}', 'ArrowStream', '{structure}')"
        self._engine.query(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} SETTINGS {given}")


def decompressed(body: bytes, encoding: str) -> bytes:
    """By `Content-Encoding`."""
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body)).read()
    return pa.input_stream(io.BytesIO(body), compression="lz4").read() if encoding == "lz4" else body


def answered(body: bytes) -> web.Response:
    return web.Response(body=body, headers={"X-ClickHouse-Summary": "{}"})


def refused(text: str) -> web.Response:
    found = _CODE.search(text)
    code = int(found[1]) if found else 1002
    return web.Response(status=_STATUS.get(code, 500), text=text, headers={"X-ClickHouse-Exception-Code": str(code)})


async def application() -> web.Application:
    made = web.Application(client_max_size=64 << 20)
    made.router.add_post("/", Interface(Path(sys.argv[1])).handle)
    return made


if __name__ == "__main__":
    import asyncio

    async def main() -> None:
        runner = web.AppRunner(await application(), access_log=None, auto_decompress=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())
