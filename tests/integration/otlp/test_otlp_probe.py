"""Probes of real listeners: who serves answers, who doesn't is told, and nothing becomes a record."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.domains.resolver import DomainRules
from collector.transport.probe import Probe, ask
from counterparts.certificates import Authority
from counterparts.receiving import otlp_config, receiving

BOTH = ("grpc", "http")
Overrides = Mapping[str, Any]


def asked(overrides: Overrides, *, break_it: str = "", rules: DomainRules | None = None) -> dict[str, str]:
    """What the probes of a receiver's own configuration meet, and that nothing but empty requests came."""
    config = otlp_config(overrides)
    with receiving(overrides, rules=rules, max_in_flight_bytes=1 << 20) as running:
        if break_it == "pause":
            running.admission.pause("memory is full")
        met = {name: ask(probe, running.receiver.endpoints()[name], 10.0) for name, probe in config.probes().items()}
        seen = running.admission.statistics()
        assert (seen.accepted_records, seen.accepted_requests, seen.in_flight_requests) == (0, 0, 0)
        assert not running.intake.payloads
    return met


def tls(folder: Path, **other: str) -> Overrides:
    pair = Authority(folder).issue("localhost")
    block = {"tls": {"cert_file": str(pair.cert), "key_file": str(pair.key), **other}}
    return {"protocols": {"grpc": block, "http": block}}


def test_a_listener_that_serves():
    """Each protocol, in the clear."""
    assert asked({}) == {"grpc": "", "http": ""}


def test_over_tls(tmp_path: Path):
    """Whatever the certificate: it is ourselves."""
    assert asked(tls(tmp_path)) == {"grpc": "", "http": ""}


def test_where_a_client_certificate_is_asked_for(tmp_path: Path):
    """It is enough to be connected."""
    authority = Authority(tmp_path)
    assert asked(tls(tmp_path, client_ca_file=str(authority.ca_file))) == {"grpc": "", "http": ""}


def test_over_unix_sockets(tmp_path: Path):
    """The same questions."""
    blocks = {name: {"endpoint": str(tmp_path / name), "transport": "unix"} for name in BOTH}
    assert asked({"protocols": blocks}) == {"grpc": "", "http": ""}


def test_at_another_path():
    """That of the configuration."""
    assert asked({"protocols": {"http": {"logs_url_path": "/in"}}}) == {"grpc": "", "http": ""}


def test_who_does_not_know_the_domain_answers_all_the_same():
    """A refusal is an answer, unless it says come again."""
    assert asked({}, rules=DomainRules(("tamyla.com",), default=None)) == {"grpc": "", "http": ""}


def test_who_refuses_everything_is_told():
    """With what senders are told."""
    met = asked({}, break_it="pause")
    assert met["grpc"] == "UNAVAILABLE memory is full"
    assert met["http"].startswith("503 ")


@pytest.mark.parametrize("protocol", BOTH)
def test_nobody_listens(protocol: str):
    """The reason of the system."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert ask(Probe(protocol, "/"), f"127.0.0.1:{free.getsockname()[1]}", 10.0) == "no answer: Connection refused"


@pytest.mark.parametrize("protocol", BOTH)
def test_nobody_answers(protocol: str):
    """A process that stands still: the system accepts, and nothing comes."""
    with socket.create_server(("127.0.0.1", 0)) as still:
        assert ask(Probe(protocol, "/"), f"127.0.0.1:{still.getsockname()[1]}", 0.2) == "no answer within 0.2 s"


@pytest.mark.parametrize("protocol", BOTH)
@pytest.mark.parametrize(
    "said", [b"", b"\0\0\0\x04\0\0\0\0\0", b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07", b"HTTP/9\r\n", b"\xff" * 50]
)
def test_somebody_hangs_up_or_talks_nonsense(protocol: str, said: bytes):
    """Never an exception, always a reason."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        met = ask(Probe(protocol, "/"), f"127.0.0.1:{server.getsockname()[1]}", 10.0)
        thread.join()
    assert met.startswith("no answer: ")


def test_a_probe_is_an_honest_newcomer():
    """Silent connections that take all places are closed for it, as for anybody; it is served."""
    overrides = {"protocols": {"http": {"max_connections": 4}, "grpc": {"max_connections": 4}}}
    with receiving(overrides) as running:
        crowd = [http.client.HTTPConnection(running.http, timeout=30) for _ in range(4)]
        for each in crowd:
            each.connect()
        assert ask(Probe("http", "/v1/logs"), running.http, 10.0) == ""
        for each in crowd:
            each.close()
