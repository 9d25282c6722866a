"""The control socket: `control.sock` in the data directory, for the user whose logboom it is, one JSON object a line."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

SOCKET = "control.sock"
MOST_LINE_BYTES = 256 << 10
_LONGEST_PATH = 100  # of a unix socket's 108 bytes
_CREDENTIALS = struct.Struct("3i")


@contextmanager
def address(root: Path, name: str = SOCKET) -> Iterator[str]:
    """A path of the socket that is short enough, while the context lasts: longer ones go through the directory's descriptor."""
    path = str(root / name)
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield path
        return
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{name}"
    finally:
        os.close(directory)


def listen(root: Path) -> socket.socket:
    """Listen in the place of whoever did before: it takes its place at once, and only our own user may connect.

    Raises:
        OSError: the directory does not allow it.
    """
    name = f".{SOCKET}.{os.getpid()}"
    (root / name).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with address(root, name) as path:
            listener.bind(path)
        (root / name).chmod(0o600)
        listener.listen(64)
        (root / name).replace(root / SOCKET)
    except OSError:
        listener.close()
        (root / name).unlink(missing_ok=True)
        raise
    listener.setblocking(False)
    return listener


def connect(root: Path, patience_secs: float) -> socket.socket:
    """A connection to slot 0. Raises `OSError`: nobody listens."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(patience_secs)
    try:
        with address(root) as path:
            client.connect(path)
    except OSError:
        client.close()
        raise
    return client


def peer_user(connection: socket.socket) -> int:
    """The user id of the process at the other end, as the kernel knows it."""
    size = _CREDENTIALS.size
    return int(_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[1])


def line(message: dict[str, Any]) -> bytes:
    """A message as it goes over the socket."""
    return orjson.dumps(message) + b"\n"


def parsed(text: bytes) -> dict[str, Any]:
    """A message as it came. Raises `ValueError`."""
    message = orjson.loads(text)
    if not isinstance(message, dict):
        raise ValueError("a line is an object")
    return message
