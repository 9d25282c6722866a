"""A real OpenSearch, from Maven artifacts on this machine's Java, and a front that makes its answers go wrong."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from collector.testing.service import free_ports

SOURCES = Path(__file__).parent / "opensearch"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
INSTALL_SECS, START_SECS = 540, 90


class OpenSearch:
    """One node on loopback with half a gigabyte of heap; `kill` is SIGKILL, `start` again finds its data."""

    def __init__(self, jars: Path, folder: Path) -> None:
        self._jars, self._folder = jars, folder
        [self.port] = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        command = ["java", "-Xms512m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                   "-cp", f"{self._jars}/*", str(SOURCES / "Launch.java"), str(self._folder / "node"), str(self.port)]  # fmt: skip
        log = self._folder / "log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECS
        while self.call("GET", "/")[0] != 200:
            stopped = self._process.poll() is not None
            if stopped or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"OpenSearch does not start (Java 17 is needed):\n{log.read_text()[-3000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def call(self, method: str, path: str, document: object = None) -> tuple[int, dict]:
        """Status and answer; 0 when nothing listens."""
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}")
        except OSError:
            return 0, {}

    def ids(self, index: str) -> list[str]:
        """The ids of all documents, with those that are there twice twice."""
        self.call("POST", f"/{index}/_refresh")
        body = {"size": 5000, "_source": False, "sort": ["_doc"]}
        status, page = self.call("POST", f"/{index}/_search?scroll=1m", body)
        found: list[str] = []
        while status == 200 and page["hits"]["hits"]:
            found += [hit["_id"] for hit in page["hits"]["hits"]]
            status, page = self.call("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
        return found

    def count(self, index: str) -> int:
        self.call("POST", f"/{index}/_refresh")
        return self.call("GET", f"/{index}/_count")[1].get("count", 0)


class Front:
    """Stands between the exporter and OpenSearch. Each bulk request takes the next of `faults`:

    lost    it reaches OpenSearch, the answer does not come back
    cut     the connection ends before OpenSearch sees it
    429, 503 …  that status, with `Retry-After: 0`
    slow    the answer takes half a second
    """

    def __init__(self, target: OpenSearch, faults: list[str | int]) -> None:
        self.faults = list(faults)
        self.requests = 0
        self._target = target
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(30)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)
        self._loop.close()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        async with aiohttp.ClientSession() as self._session:
            runner = web.ServerRunner(web.Server(self._handle, auto_decompress=False), shutdown_timeout=1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
            self._ready.set()
            await self._stopping.wait()
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        request._client_max_size = 64 << 20
        body = await request.read()
        self.requests += 1
        fault = self.faults.pop(0) if self.faults and "_bulk" in request.path else ""
        if isinstance(fault, int):
            return web.Response(status=fault, headers={"Retry-After": "0"})
        if fault == "cut":
            request.transport.abort()
            return web.Response()
        try:
            answer = await self._forward(request, body)
        except aiohttp.ClientError:
            request.transport.abort()
            return web.Response()
        if fault == "lost":
            request.transport.abort()
        if fault == "slow":
            await asyncio.sleep(0.5)
        return answer

    async def _forward(self, request: web.BaseRequest, body: bytes) -> web.Response:
        kept = ("Content-Type", "Content-Encoding")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        async with self._session.request(
            request.method, self._target.url + request.path_qs, data=body, headers=headers
        ) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)


@pytest.fixture(scope="session")
def jars() -> Path:
    """OpenSearch's jars, installed once for each pom.xml."""
    name = hashlib.sha256((SOURCES / "pom.xml").read_bytes()).hexdigest()[:16]
    home = CACHE / f"opensearch-{name}"
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=CACHE))
        try:
            _install(building)
            building.rename(home)
        except OSError:  # another test process was faster
            assert home.exists()
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home


def _install(folder: Path) -> None:
    command = ["mvn", "-q", "-B", "-f", str(SOURCES / "pom.xml"), "dependency:copy-dependencies",
               f"-DoutputDirectory={folder}"]  # fmt: skip
    needed = "OpenSearch is installed by Maven from Maven Central; Maven and Java 17 are needed"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECS, check=False)
    except FileNotFoundError:
        raise AssertionError(f"there is no mvn: {needed}") from None
    except subprocess.TimeoutExpired:
        raise AssertionError(f"Maven did not finish in {INSTALL_SECS} s: {needed}") from None
    assert done.returncode == 0, f"Maven failed: {needed}\n{(done.stdout + done.stderr)[-3000:]}"


@pytest.fixture(scope="module")
def opensearch(jars, tmp_path_factory):
    one = OpenSearch(jars, tmp_path_factory.mktemp("opensearch"))
    one.start()
    yield one
    one.kill()


@pytest.fixture
def front(opensearch):
    """A function that makes a front with faults; it is closed at the end."""
    made = []

    def make(*faults):
        made.append(Front(opensearch, list(faults)))
        return made[-1]

    yield make
    for one in made:
        one.close()
