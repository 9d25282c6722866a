"""No listener hides another's address, whatever protocol both have."""

from __future__ import annotations

from collector.service.listener_names import by_name


def test_the_receiver_is_named_where_several_have_a_protocol() -> None:
    """And only there: what has a protocol alone is called by it."""
    doors = {
        "otlp": {"grpc": "127.0.0.1:4317", "http": "127.0.0.1:4318"},
        "syslog/old": {"tcp": "127.0.0.1:1", "udp": "127.0.0.1:2"},
        "tcp_log": {"tcp": "127.0.0.1:3"},
        "journald": {},
    }
    assert by_name(doors) == {
        "grpc": "127.0.0.1:4317", "http": "127.0.0.1:4318", "syslog/old tcp": "127.0.0.1:1", "udp": "127.0.0.1:2",
        "tcp_log tcp": "127.0.0.1:3",
    }  # fmt: skip
