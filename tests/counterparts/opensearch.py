"""A real OpenSearch, from Maven artifacts, on loopback, for tests. Maven and Java 17 are needed."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from collector.testing.service import free_ports
from counterparts.maven_jars import jars

SOURCES = Path(__file__).parents[2] / "tests" / "counterparts" / "opensearch"
_START_SECS = 240


class OpenSearch:
    """One node with half a gigabyte of heap and its data in `folder`; `kill` is SIGKILL, `start` again finds its data.

    Args:
        max_body: larger requests get 413.
    """

    def __init__(self, folder: Path, max_body: str = "2mb") -> None:
        self._folder, self._max_body = folder, max_body
        [self.port] = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it answers."""
        command = ["java", "-Xms512m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{jars(SOURCES)}/*",
                   str(SOURCES / "Launch.java"), str(self._folder / "node"), str(self.port), self._max_body]  # fmt: skip
        log = self._folder / "log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECS
        while self.call("GET", "/")[0] != 200:
            stopped = self._process.poll() is not None
            if stopped or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"OpenSearch does not start (Java 17 is needed):\n{log.read_text()[-3000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL; safe twice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def call(self, method: str, path: str, document: object = None) -> tuple[int, dict[str, Any]]:
        """Status and answer; 0 when nothing listens."""
        data = None if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
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
        """Documents, after a refresh."""
        self.call("POST", f"/{index}/_refresh")
        return int(self.call("GET", f"/{index}/_count")[1].get("count", 0))
