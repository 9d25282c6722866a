"""Where a listener listens: parsing, loopback or not, and sockets that are bound before anything starts."""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Transport = Literal["tcp", "tcp4", "tcp6", "unix"]
_FAMILIES = {"tcp": socket.AF_UNSPEC, "tcp4": socket.AF_INET, "tcp6": socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address to listen on: `host` (empty = all interfaces) and `port`, or the `path` of a unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str, transport: Transport = "tcp") -> Endpoint:
        """Read `host:port`, `[::1]:port`, `:port`, or a path with `transport: unix`. Raises ValueError."""
        if transport == "unix":
            path = text.removeprefix("unix://").removeprefix("unix:")
            if not path:
                raise ValueError("a unix socket needs a path, such as /run/logboom/otlp.sock")
            return cls(path=path)
        host, separator, port = text.rpartition(":")
        if not separator or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is not an address: write host:port, such as localhost:4317")
        if ":" in host and not (host.startswith("[") and host.endswith("]")):
            raise ValueError(f"{text!r}: write an IPv6 address in brackets, such as [::1]:{port}")
        return cls(host.strip("[]"), int(port))

    @property
    def is_local(self) -> bool:
        """Only processes of this machine can reach it."""
        if self.path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listened_on(endpoint: str, transport: Transport) -> str:
    """As it is shown where addresses of all transports are: that of a unix socket with its scheme."""
    return str(Endpoint.parse(endpoint, transport)) if transport == "unix" else endpoint


def resolved(endpoint: Endpoint, transport: Transport = "tcp") -> Endpoint:
    """The same with a numeric address: `localhost` is the IPv4 one if there is one, no host is `::` or `0.0.0.0`.

    `tcp4` and `tcp6` take addresses of that family only. Raises OSError for a name that has none.
    """
    if endpoint.path:
        return endpoint
    if not endpoint.host:
        return Endpoint("::" if transport != "tcp4" and _has_ipv6() else "0.0.0.0", endpoint.port)  # noqa: S104
    found = socket.getaddrinfo(endpoint.host, endpoint.port, _FAMILIES[transport], socket.SOCK_STREAM)
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return Endpoint(str(found[0][4][0]), endpoint.port)


def listening_socket(endpoint: Endpoint, share_port: bool = False) -> socket.socket:
    """A bound, not yet listening TCP socket. `share_port`: other processes of ours bind the same port.

    Raises OSError. A port that somebody listens on is always an error unless it is shared.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if endpoint.host == "::":
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind((endpoint.host, endpoint.port))
    except OSError:
        bound.close()
        raise
    return bound


def datagram_socket(endpoint: Endpoint, share_port: bool = False) -> socket.socket:
    """A bound UDP socket. Raises OSError. `share_port`: other processes of ours bind the same port."""
    bound = socket.socket(socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if share_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if endpoint.host == "::":
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind((endpoint.host, endpoint.port))
    except OSError:
        bound.close()
        raise
    return bound


def check_free(endpoint: Endpoint, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
    """Raise OSError if somebody listens there; grpc would say less about it, or share the port silently."""
    if endpoint.path:
        _check_unused(endpoint.path, kind)
    elif endpoint.port:
        with listening_socket(endpoint) as probe:
            probe.listen(1)


class UnixSocketPath:
    """The name of a unix socket in the file system, which one process after another may hold.

    A listener binds `private` and then publishes it: the name changes hands at once, without a moment in which nobody
    answers. `withdraw` removes the name only if it still is ours. A socket that a killed process left is replaced;
    what is not a socket never is.
    """

    def __init__(self, path: str) -> None:
        self.private = f"{path}.{secrets.token_hex(4)}"
        self._path = Path(path)
        self._inode = 0

    def listening(self, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        """A socket that listens, or takes datagrams, and has the name. Raises OSError as `publish`."""
        bound = socket.socket(socket.AF_UNIX, kind)
        try:
            bound.bind(self.private)
            if kind == socket.SOCK_STREAM:
                bound.listen()  # before the name is published, so that nobody is turned away
            self.publish()
        except OSError:
            bound.close()
            raise
        return bound

    def publish(self) -> None:
        """Give the bound socket its name. Raises OSError if something else than a socket has it."""
        private = Path(self.private)
        self._inode = private.stat().st_ino
        try:
            _check_is_socket(self._path)
            private.rename(self._path)
        except OSError:
            private.unlink(missing_ok=True)
            raise

    def withdraw(self) -> None:
        """Remove the name unless another process took it over."""
        try:
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        except FileNotFoundError:
            return


def _check_unused(path: str, kind: socket.SocketKind) -> None:
    """OSError if somebody answers on the socket at `path`, or if it is not a socket."""
    if not _check_is_socket(Path(path)):
        return
    with socket.socket(socket.AF_UNIX, kind) as probe:
        if probe.connect_ex(path) == 0:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _check_is_socket(path: Path) -> bool:
    """Whether there is one; OSError for anything else of that name."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, f"{path} exists and is not a socket")
    return True


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True
