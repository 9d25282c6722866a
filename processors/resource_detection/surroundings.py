"""What detectors look at: variables, files, and services beside this process, which are asked over plain HTTP."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Found = dict[str, str | int | bool]
"""Attribute → value."""
_MOST_BYTES = 4 << 20
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EACCES)
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class NotHere(Exception):
    """This does not run in the place that a detector is for."""


class Failed(Exception):
    """It may run there, and the place's service did not say: it answered with an error, or not in time."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One look at them.

    Args:
        link_local: the address of EC2's and Azure's metadata service.
        timeout: seconds, of each call.
        root: where paths of files begin.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    link_local: str = "http://169.254.169.254"
    timeout: float = 5.0
    root: Path = Path("/")

    def file(self, path: str) -> str:
        """A file's text; empty when there is none."""
        try:
            return (self.root / path.lstrip("/")).read_text("utf-8", "replace").strip()
        except OSError:
            return ""

    def ask(self, url: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> str:
        """The answer's body. No proxy is asked and no redirect followed: these services stand beside us.

        Raises:
            NotHere: nobody listens there, or it does not know the path.
            Failed: another answer than 200, or none in time.
        """
        parts = urlsplit(url)
        return self._call(self._connection(parts.scheme, parts.netloc), method, url, headers or {})

    def ask_socket(self, path: str, target: str) -> str:
        """As `ask`, over a unix socket."""
        return self._call(_UnixConnection(str(self.root / path.lstrip("/")), self.timeout), "GET", target, {})

    def ask_kubernetes(self, path: str, *, anonymous: bool = False) -> Any:
        """What the API server of the cluster that this pod runs in answers, as JSON.

        Raises:
            NotHere, Failed: as `ask`; also outside a cluster.
        """
        host, port = self.environ.get("KUBERNETES_SERVICE_HOST"), self.environ.get("KUBERNETES_SERVICE_PORT", "443")
        if not host:
            raise NotHere("KUBERNETES_SERVICE_HOST is not set")
        netloc = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        token = self.file(str(_SERVICE_ACCOUNT / "token"))
        if anonymous or not token:
            return parsed(self.ask(f"http://{netloc}{path}"))
        return parsed(self.ask(f"https://{netloc}{path}", {"Authorization": f"Bearer {token}"}))

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if scheme != "https":
            return http.client.HTTPConnection(netloc, timeout=self.timeout)
        authority = self.root / str(_SERVICE_ACCOUNT / "ca.crt").lstrip("/")
        context = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
        return http.client.HTTPSConnection(netloc, timeout=self.timeout, context=context)

    def _call(self, connection: http.client.HTTPConnection, method: str, url: str, headers: Mapping[str, str]) -> str:
        parts = urlsplit(url)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        try:
            connection.request(method, target, headers=dict(headers))
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES).decode("utf-8", "replace")
        except (ConnectionRefusedError, FileNotFoundError, socket.gaierror) as error:
            raise NotHere(f"nobody answers at {parts.netloc or url}") from error
        except OSError as error:
            if error.errno in _NO_WAY:
                raise NotHere(f"no way to {parts.netloc}") from error
            raise Failed(f"{parts.netloc or url}: {error.strerror or error or type(error).__name__}") from error
        except http.client.HTTPException as error:
            raise Failed(f"{parts.netloc or url}: {type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status == 404:
            raise NotHere(f"{parts.netloc or url} does not know {parts.path}")
        if answer.status != 200:
            raise Failed(f"{parts.netloc or url} answered {answer.status}")
        return body


def parsed(text: str) -> Any:
    """The JSON object of an answer.

    Raises:
        Failed: it is none.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Failed("the answer is no JSON") from error
    if not isinstance(value, dict):
        raise Failed("the answer is no JSON object")
    return value


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
