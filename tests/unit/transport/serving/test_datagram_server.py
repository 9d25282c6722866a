"""A socket of datagrams: what it reads at once, and what the kernel had no room for."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from collector.transport.endpoint import Endpoint
from collector.transport.serving import datagram_server
from collector.transport.serving.datagram_server import DatagramSocket


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_what_has_come_is_read_at_once(host: str) -> None:
    """With its sender; on all interfaces over IPv4, too, though the socket may be one of IPv6."""
    bound = DatagramSocket(Endpoint(host, 0), share_port=False)
    port = bound.own[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        assert not bound.wait(0.0)
        for data in (b"a", b"", b"x" * 60_000):
            sender.send(data)
        assert bound.wait(30.0)
        found = bound.read()
        assert [data for data, _ in found] == [b"a", b"", b"x" * 60_000]
        assert {address[1] for _, address in found} == {sender.getsockname()[1]}
    assert not bound.read()
    bound.close()


def test_what_the_kernel_drops_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the kernel itself; nobody else knows of it."""
    monkeypatch.setattr(datagram_server, "_KERNEL_BYTES", 4096)
    bound = DatagramSocket(Endpoint("127.0.0.1", 0), share_port=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", bound.own[1]))
        for _ in range(300):
            sender.send(b"x" * 500)
    dropped = bound.dropped()
    assert 0 < dropped < 300
    assert len(bound.read()) == 300 - dropped
    bound.close()


def test_who_waits_is_woken() -> None:
    """And does not wait again."""
    bound = DatagramSocket(Endpoint("127.0.0.1", 0), share_port=False)
    bound.wake()
    assert bound.wait(30.0)
    assert not bound.read()
    bound.close()
    bound.wake()


def test_a_name_in_the_file_system_is_one_holder_s(tmp_path: Path) -> None:
    """It is taken over from who is dead, never from who lives."""
    address = Endpoint(path=str(tmp_path / "log"))
    first = DatagramSocket(address, share_port=False)
    with pytest.raises(OSError, match="in use"):
        DatagramSocket(address, share_port=False)
    first._socket.close()
    second = DatagramSocket(address, share_port=False)
    second.close()
    assert not (tmp_path / "log").exists()
