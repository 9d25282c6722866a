"""Unary gRPC calls whose message is compressed already.

grpc compresses with zlib at level 6, inside the call: 1,890 µs of CPU for a request of 120 KB, where isal at level 1
needs 314 with the call included. grpc's core skips a message that carries the flag "compressed already", but its
public Python API has no way to set it. This is the one place that reaches behind that API; when a version of grpc
looks different there, `precompressed` says so by giving None and the caller lets grpc compress.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import grpc

_ALREADY_COMPRESSED = -0x80000000  # GRPC_WRITE_INTERNAL_COMPRESS, as a signed int
ENCODING = ("grpc-encoding", "gzip")
"""Metadata that such a call must carry."""


def precompressed(channel: grpc.Channel, method: str) -> Callable[..., Any] | None:
    """The `future` of a raw unary call on `method`, for messages that are gzip streams; None = not possible."""
    try:
        return _flagged(channel.unary_unary(method, None, None)).future  # type: ignore[no-any-return]
    except (ImportError, AttributeError, TypeError):
        return None


def _flagged(plain: Any) -> Any:
    """A copy of a multi-callable whose messages carry the flag."""
    channel_module: Any = import_module("grpc._channel")
    cygrpc: Any = import_module("grpc._cython.cygrpc")
    base: Any = channel_module._UnaryUnaryMultiCallable

    class Flagged(base):  # type: ignore[misc]  # private to grpc, so without types
        __slots__ = ()

        def _prepare(self, request: Any, *rest: Any) -> Any:
            state, operations, deadline, error = super()._prepare(request, *rest)
            if error is None:
                operations = tuple(
                    cygrpc.SendMessageOperation(request, _ALREADY_COMPRESSED)
                    if isinstance(operation, cygrpc.SendMessageOperation)
                    else operation
                    for operation in operations
                )
            return state, operations, deadline, error

    call = Flagged.__new__(Flagged)
    for name in (*base.__slots__, "_registered_call_handle"):
        setattr(call, name, getattr(plain, name))
    return call
