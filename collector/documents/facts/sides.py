"""Which side of a conversation wrote a record: the one that was called, or the one that called.

`network.peer.*` and `net.peer.*` name the other side and `network.local.*` the own one, so that who is the source depends on
it. The first that applies decides:

1. `span.kind`, for records that were made of spans
2. what only a server has: the client's address, a route, its own name, a path without a whole URL   → called
3. what a client says of the server that it calls: whole URL, server, database, peer's name          → calling
4. nothing of it: called, for that is who mostly logs addresses

Source: semantic conventions for general attributes, HTTP and databases, and those that they replaced.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

Mask = npt.NDArray[np.bool_]

KIND = "span.kind"
PEER_ADDRESS = ("network.peer.address", "net.sock.peer.addr", "net.peer.ip", "net.peer.name")
PEER_PORT = ("network.peer.port", "net.sock.peer.port", "net.peer.port")
LOCAL_ADDRESS = ("network.local.address", "net.sock.host.addr", "net.host.ip")
LOCAL_PORT = ("network.local.port", "net.sock.host.port")
_CALLING_KINDS = ("client", "producer", "span_kind_client", "span_kind_producer")
_CALLED_KINDS = ("server", "consumer", "span_kind_server", "span_kind_consumer")
_SERVERS = ("client.address", "client.port", "source.address", "http.client_ip", "http.route", "net.host.name")
_PATHS = ("url.path", "http.target")
_WHOLE_URL = ("url.full", "http.url")
_CLIENTS = (
    *_WHOLE_URL,
    *("server.address", "destination.address", "net.peer.name", "peer.service", "db.system.name", "db.system"),
)


def calling(having: Callable[[tuple[str, ...]], Mask], kinds: pl.Series | None) -> Mask:
    """Which records the calling side wrote.

    Args:
        having: which records have one of some attributes.
        kinds: the attribute `span.kind` of each record; None when none has it.
    """
    served = having(_SERVERS) | (having(_PATHS) & ~having(_WHOLE_URL))
    found = having(_CLIENTS) & ~served
    if kinds is None:
        return found
    said = kinds.str.to_lowercase().fill_null("")
    sure, other = (said.is_in(words).to_numpy() for words in (_CALLING_KINDS, _CALLED_KINDS))
    result: Mask = sure | (found & ~other)
    return result
