"""An S3 server: moto's, or the real one that `LOGBOOM_S3` names, as `http://KEY:SECRET@HOST:PORT`."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4


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


def _bucket(endpoint: str, key: str, secret: str) -> Bucket:
    options = {
        "endpoint": endpoint, "access_key_id": key, "secret_access_key": secret, "region": "us-east-1", "allow_http": "true",
    }  # fmt: skip
    return Bucket(f"s3://backups/{uuid4().hex}", options)
