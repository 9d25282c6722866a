"""The facts of an HTTP request."""

from __future__ import annotations

import pytest

from collector.ingress.http_request import HttpRequest

PEERS = {
    "TCP": ({"client": ("192.0.2.1", 1234), "server": ("127.0.0.1", 4318)}, "192.0.2.1"),
    "unix socket": ({"client": None, "server": ("/run/otlp.sock", None)}, ""),
    "TCP peer that is gone": ({"client": None, "server": ("127.0.0.1", 4318)}, "unknown"),
    "nothing known": ({"client": None, "server": None}, "unknown"),
}


@pytest.mark.parametrize("name", PEERS)
def test_peer(name):
    """An address, empty for a unix socket only."""
    scope, peer = PEERS[name]
    assert HttpRequest(scope, {}).peer() == peer
