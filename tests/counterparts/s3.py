"""An S3 server: moto's, or a real one: `LOGBOOM_S3=versitygw` builds that from its Go module, `http://KEY:SECRET@HOST:PORT` names one."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from collector.testing.service import free_ports


@dataclass(frozen=True)
class Bucket:
    """A bucket of its own, and how to reach it."""

    url: str
    options: dict[str, str]

    @property
    def arguments(self) -> list[str]:
        """Of the command line."""
        return [part for name, value in self.options.items() for part in ("--option", f"{name}={value}")]


@contextmanager
def bucket() -> Iterator[Bucket]:
    """A new prefix of a bucket; with moto, the server goes with the context."""
    given = os.environ.get("LOGBOOM_S3")
    if given == "versitygw":
        with _versitygw() as endpoint:
            yield _bucket(endpoint, "key", "secret-of-tests")
        return
    if given:
        parts = urlsplit(given)
        endpoint = f"{parts.scheme}://{parts.hostname}:{parts.port}"
        yield _bucket(endpoint, parts.username or "", parts.password or "")
        return
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        made = urllib.request.Request(f"http://{host}:{port}/backups", method="PUT", headers={"host": "localhost"})
        with urllib.request.urlopen(made, timeout=10):
            pass
        yield _bucket(f"http://{host}:{port}", "key", "secret")
    finally:
        server.stop()


@contextmanager
def _versitygw() -> Iterator[str]:
    """Versity's gateway over a folder, which checks signatures as S3 does."""
    from counterparts.go_programs import built

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "backups").mkdir()
        [port] = free_ports(1)
        keys = {"ROOT_ACCESS_KEY": "key", "ROOT_SECRET_KEY": "secret-of-tests"}
        command = [str(built("versitygw")), "--port", f"127.0.0.1:{port}", "posix", folder]
        server = subprocess.Popen(
            command, env={**os.environ, **keys}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            await_port("127.0.0.1", port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def await_port(host: str, port: int, patience_secs: float = 60.0) -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + patience_secs
    while True:
        try:
            socket.create_connection((host, port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens at {host}:{port}"
            time.sleep(0.05)


def _bucket(endpoint: str, key: str, secret: str) -> Bucket:
    options = {
        "endpoint": endpoint, "access_key_id": key, "secret_access_key": secret, "region": "us-east-1", "allow_http": "true",
    }  # fmt: skip
    return Bucket(f"s3://backups/{uuid4().hex}", options)
