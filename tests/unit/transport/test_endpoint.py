"""Addresses to listen on."""

from __future__ import annotations

import socket

import pytest

from collector.transport.endpoint import Endpoint, UnixSocketPath, check_free, listening_socket, resolved

PARSED = {
    "localhost:4317": (Endpoint("localhost", 4317), True, "localhost:4317"),
    "127.0.0.1:0": (Endpoint("127.0.0.1", 0), True, "127.0.0.1:0"),
    "[::1]:4317": (Endpoint("::1", 4317), True, "[::1]:4317"),
    ":4317": (Endpoint("", 4317), False, ":4317"),
    "0.0.0.0:4317": (Endpoint("0.0.0.0", 4317), False, "0.0.0.0:4317"),
    "logs.tamyla.com:443": (Endpoint("logs.tamyla.com", 443), False, "logs.tamyla.com:443"),
}


@pytest.mark.parametrize("text", PARSED)
def test_parse(text):
    """Host, port, whether only this machine reaches it, and the text again."""
    endpoint, local, shown = PARSED[text]
    assert Endpoint.parse(text) == endpoint
    assert (endpoint.is_local, str(endpoint)) == (local, shown)


@pytest.mark.parametrize("text", ["/run/otlp.sock", "unix:/run/otlp.sock", "unix:///run/otlp.sock"])
def test_parse_unix(text):
    """A path, with or without a scheme."""
    endpoint = Endpoint.parse(text, "unix")
    assert (endpoint, endpoint.is_local, str(endpoint)) == (
        Endpoint(path="/run/otlp.sock"),
        True,
        "unix:/run/otlp.sock",
    )


@pytest.mark.parametrize(
    "text", ["", "localhost", "localhost:", "localhost:x", "localhost:-1", "localhost:65536", "::1:80", "a:٣"]
)
def test_not_an_address(text):
    """Anything else is refused with an example."""
    with pytest.raises(ValueError, match="write"):
        Endpoint.parse(text)


def test_resolved():
    """Names become numbers, IPv4 first; a family can be asked for."""
    assert resolved(Endpoint("localhost", 1)) == Endpoint("127.0.0.1", 1)
    assert resolved(Endpoint("", 1), "tcp4") == Endpoint("0.0.0.0", 1)
    assert resolved(Endpoint(path="/x")) == Endpoint(path="/x")
    with pytest.raises(OSError):
        resolved(Endpoint("127.0.0.1", 1), "tcp6")


@pytest.mark.parametrize("shared", [False, True])
def test_check_free_finds_every_listener(shared):
    """Also one that would share its port."""
    with listening_socket(Endpoint("127.0.0.1", 0), share_port=shared) as listener:
        listener.listen()
        endpoint = Endpoint("127.0.0.1", listener.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            check_free(endpoint)
    check_free(endpoint)


def test_a_unix_socket_that_was_taken_over_is_not_removed(tmp_path):
    """Withdrawing removes the name only from its holder."""
    path = str(tmp_path / "otlp.sock")
    first, second = UnixSocketPath(path), UnixSocketPath(path)
    with socket.socket(socket.AF_UNIX) as a, socket.socket(socket.AF_UNIX) as b:
        a.bind(first.private)
        first.publish()
        b.bind(second.private)
        second.publish()
        first.withdraw()
        assert [entry.name for entry in tmp_path.iterdir()] == ["otlp.sock"]
        second.withdraw()
        second.withdraw()
    assert list(tmp_path.iterdir()) == []
