"""Requests to the API server, as a pod makes them: with the token of its service account, which is read anew for each, and its authority."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from collector.transport.user_agent import USER_AGENT

_HERE = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_MOST_BYTES = 256 << 20
_SAID = 300


class Refused(Exception):
    """The server said no, or nothing. `status`: 0 where nothing came; `gone`: what was followed is no longer kept."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status
        self.gone = status == http.client.GONE


class Reaching(Protocol):
    """Where the API server is and who asks. Looked up for each request."""

    @property
    def timeout(self) -> float:
        """Seconds for an answer."""
        ...

    def url(self) -> str:
        """Raises `Refused`: nothing says where to ask."""
        ...

    def headers(self) -> Mapping[str, str]:
        """What says who asks. Raises `Refused`."""
        ...

    def tls(self) -> ssl.SSLContext:
        """Whom it trusts, and what it shows. Raises `Refused`."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """As a pod reaches it.

    Args:
        endpoint: its URL; empty: as the variables of a pod say.
        token_file: what it reads says who we are; empty: nobody.
        ca_file: its authority; a file that is not there means the system's.
        timeout: seconds for an answer.
    """

    endpoint: str = ""
    token_file: str = str(_HERE / "token")
    ca_file: str = str(_HERE / "ca.crt")
    timeout: float = 30.0
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def url(self) -> str:
        """Raises `Refused`: this is no pod, and nothing says where to ask."""
        if self.endpoint:
            return self.endpoint.rstrip("/")
        host, port = self.environ.get("KUBERNETES_SERVICE_HOST"), self.environ.get("KUBERNETES_SERVICE_PORT", "443")
        if not host:
            raise Refused("KUBERNETES_SERVICE_HOST is not set: this does not run in a pod")
        return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"

    def headers(self) -> Mapping[str, str]:
        """The token, as its file has it now."""
        if not self.token_file:
            return {}
        try:
            return {"Authorization": f"Bearer {Path(self.token_file).read_text().strip()}"}
        except OSError as error:
            raise Refused(f"the token {self.token_file} can't be read: {reason_of(error)}") from error

    def tls(self) -> ssl.SSLContext:
        """With its authority."""
        authority = Path(self.ca_file) if self.ca_file else None
        return ssl.create_default_context(cafile=str(authority) if authority and authority.exists() else None)


class Api:
    """Asks. One thread uses it at a time; `end` may be called from another."""

    def __init__(self, access: Reaching) -> None:
        self._access = access
        self._connection: http.client.HTTPConnection | None = None
        self._sock: socket.socket | None = None  # the connection lets go of it where the answer ends with it
        self._ended = False

    def get(self, path: str, parameters: Mapping[str, str], accept: str = "application/json") -> Any:
        """One object, as JSON. Raises `Refused`."""
        try:
            with self._asked(path, parameters, accept) as answer:
                return json.loads(answer.read(_MOST_BYTES))
        except ValueError:
            raise Refused("it was not the API server that answered") from None
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"the answer broke off: {reason_of(error)}") from error
        finally:
            self.close()

    def lines(self, path: str, parameters: Mapping[str, str], accept: str = "application/json") -> Iterator[Any]:
        """The objects of an answer that goes on, one a line, until the server ends it. Raises `Refused`."""
        answer = self._asked(path, parameters, accept)
        try:
            with answer:
                while line := answer.readline():
                    yield json.loads(line)
        except ValueError:
            raise Refused("the answer broke off within an object") from None
        except (
            OSError,
            http.client.HTTPException,
            AttributeError,
        ) as error:  # closed by another thread: no file any more
            raise Refused(f"the answer broke off: {reason_of(error)}") from error
        finally:
            self.close()

    def close(self) -> None:
        """End what is under way."""
        connection, sock = self._connection, self._sock
        self._connection = self._sock = None
        if sock is not None:
            _wake(sock)
        if connection is not None:
            connection.close()

    def end(self) -> None:
        """The same, for good: who asks then is refused. From any thread."""
        self._ended = True
        self.close()

    def _asked(self, path: str, parameters: Mapping[str, str], accept: str) -> http.client.HTTPResponse:
        url = urlsplit(self._access.url())
        target = f"{url.path}{path}?{urlencode({name: value for name, value in parameters.items() if value})}"
        headers = {"Accept": accept, "User-Agent": USER_AGENT, **self._access.headers()}
        self._connection = connection = self._connect(url.scheme, url.netloc)
        try:
            connection.request("GET", target, headers=headers)
            self._sock = connection.sock
            if self._ended:
                raise http.client.HTTPException("it was ended")
            answer = connection.getresponse()
        except (
            OSError,
            http.client.HTTPException,
            AttributeError,
        ) as error:  # ended by another thread: no socket any more
            self.close()
            connection.close()
            raise Refused(f"{url.netloc}: {reason_of(error)}") from error
        if answer.status != http.client.OK:
            with answer:
                said = _message(answer)
            self.close()
            raise Refused(f"{url.netloc} answered {answer.status}{said}", answer.status)
        return answer

    def _connect(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if scheme == "http":
            return http.client.HTTPConnection(netloc, timeout=self._access.timeout)
        return http.client.HTTPSConnection(netloc, timeout=self._access.timeout, context=self._access.tls())


def _wake(sock: socket.socket) -> None:
    """Wake whoever reads from it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _message(answer: http.client.HTTPResponse) -> str:
    """What a `Status` says."""
    try:
        return f": {json.loads(answer.read(64 << 10))['message']}"[:_SAID]
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        return ""


def reason_of(error: Exception) -> str:
    """In words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
