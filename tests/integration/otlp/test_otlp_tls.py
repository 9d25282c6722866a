"""TLS and mutual TLS of both protocols."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import grpc
import pytest

from collector.errors import ConfigError
from collector.receivers.otlp.config import GRPC_PATH
from collector.testing.payloads import payload
from collector.transport.grpc_client import GrpcClient
from collector.transport.grpc_client_config import GrpcClientConfig
from collector.transport.http_client import HttpClient
from collector.transport.http_client_config import HttpClientConfig
from collector.transport.tls import TlsClientConfig, client_context, grpc_client_credentials
from counterparts.certificates import Authority, Pair
from counterparts.receiving import Receiving, receiving

GOOD = payload()


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def server(authority):
    return authority.issue("server")


def both(tls: dict) -> dict:
    return {"protocols": {"grpc": {"tls": tls}, "http": {"tls": tls}}}


def served(pair: Pair, **more: str) -> dict:
    return both({"cert_file": str(pair.cert), "key_file": str(pair.key), **more})


def client(authority: Authority, pair: Pair | None = None, **more) -> TlsClientConfig:
    own = {"cert_file": str(pair.cert), "key_file": str(pair.key)} if pair else {}
    return TlsClientConfig(ca_file=str(authority.ca_file), **own, **more)


def post_http(running: Receiving, tls: TlsClientConfig) -> None:
    connection = http.client.HTTPSConnection(running.http, timeout=30, context=client_context(tls))
    try:
        connection.request("POST", "/v1/logs", GOOD, {"content-type": "application/x-protobuf"})
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def post_grpc(running: Receiving, tls: TlsClientConfig) -> None:
    credentials = grpc_client_credentials(tls)
    assert credentials is not None
    options = [("grpc.ssl_target_name_override", tls.server_name_override)] if tls.server_name_override else []
    with grpc.secure_channel(running.grpc, credentials, options) as channel:
        assert channel.unary_unary(GRPC_PATH)(GOOD, timeout=10) == b""


POSTS = {"http": post_http, "grpc": post_grpc}
TURNED_AWAY = (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected, grpc.RpcError)


@pytest.mark.parametrize("protocol", POSTS)
def test_tls(authority, server, protocol):
    """A client that trusts the authority sends."""
    with receiving(served(server)) as running:
        POSTS[protocol](running, client(authority))
        assert running.intake.records == 1


@pytest.mark.parametrize("protocol", POSTS)
def test_tls_from_text(authority, server, protocol):
    """Certificate and key may stand in the configuration as text."""
    tls = {"cert_pem": server.cert.read_text(), "key_pem": server.key.read_text(), "min_version": "1.2"}
    with receiving(both(tls)) as running:
        POSTS[protocol](running, client(authority))
        assert running.intake.records == 1


@pytest.mark.parametrize("protocol", POSTS)
def test_unknown_authority(tmp_path, server, protocol):
    """A client that does not trust the authority sends nothing."""
    other = Authority(tmp_path, "another authority")
    with receiving(served(server)) as running:
        with pytest.raises(TURNED_AWAY):
            POSTS[protocol](running, client(other))
        assert running.intake.records == 0


@pytest.mark.parametrize("protocol", POSTS)
def test_mutual_tls(authority, server, protocol):
    """With `client_ca_file` a client with a certificate of that authority sends, all others do not."""
    with receiving(served(server, client_ca_file=str(authority.ca_file))) as running:
        with pytest.raises(TURNED_AWAY):
            POSTS[protocol](running, client(authority))
        assert running.intake.records == 0
        POSTS[protocol](running, client(authority, authority.issue("sender")))
        assert running.intake.records == 1


@pytest.mark.parametrize("protocol", POSTS)
def test_foreign_client_certificate(tmp_path, authority, server, protocol):
    """A certificate of another authority does not open the door."""
    foreign = Authority(tmp_path, "another authority").issue("foreigner")
    with receiving(served(server, client_ca_file=str(authority.ca_file))) as running:
        with pytest.raises(TURNED_AWAY):
            POSTS[protocol](running, client(authority, foreign))
        assert running.intake.records == 0


def test_plain_text_to_a_tls_port(server):
    """A client without TLS is cut off."""
    with receiving(served(server)) as running:
        connection = http.client.HTTPConnection(running.http, timeout=30)
        connection.request("POST", "/v1/logs", GOOD)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            connection.getresponse()
        connection.close()


def test_handshakes_that_are_not_ended_make_room(authority, server):
    """Connections that never say hello are hung up beyond the bound; those that do are served, one after another."""
    options = served(server)
    options["protocols"]["http"]["max_connections"] = 5
    with receiving(options) as running, contextlib.ExitStack() as stack:
        host, port = running.http.split(":")
        strangers = [stack.enter_context(socket.create_connection((host, int(port)), timeout=30)) for _ in range(20)]
        for _ in range(3):
            post_http(running, client(authority))
        for stranger in strangers[:10]:
            with contextlib.suppress(ConnectionResetError):
                assert stranger.recv(1) == b""


def test_old_versions_are_refused(authority, server):
    """`min_version: "1.3"` turns away a client that speaks only 1.2."""
    tls = {"cert_file": str(server.cert), "key_file": str(server.key), "min_version": "1.3"}
    with receiving({"protocols": {"http": {"tls": tls}}}) as running:
        with pytest.raises(ssl.SSLError):
            post_http(running, client(authority, max_version="1.2"))
        post_http(running, client(authority))


def written(new: Path, at: Path) -> None:
    at.write_bytes(new.read_bytes())


def renamed(new: Path, at: Path) -> None:
    """By a deployment that keeps times: it is another file, as old as the one before."""
    before, beside = at.stat(), at.with_name(at.name + ".new")
    written(new, beside)
    os.utime(beside, ns=(before.st_atime_ns, before.st_mtime_ns))
    beside.replace(at)


async def export_http(running: Receiving, tls: TlsClientConfig, between: Callable[[], None]) -> None:
    config = HttpClientConfig(endpoint=f"https://{running.http}", tls=tls, compression="")
    exporter = HttpClient(config)
    await exporter.start()
    headers = {"content-type": "application/x-protobuf"}
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await exporter.post(f"https://{running.http}/v1/logs", GOOD, headers)
    between()
    assert (await exporter.post(f"https://{running.http}/v1/logs", GOOD, headers)).status == 200
    await exporter.close()


async def export_grpc(running: Receiving, tls: TlsClientConfig, between: Callable[[], None]) -> None:
    exporter = GrpcClient(GrpcClientConfig(endpoint=running.grpc, tls=tls), GRPC_PATH, 30)
    await exporter.start()
    assert (await exporter.send(exporter.compressed(GOOD))).code == grpc.StatusCode.UNAVAILABLE.value[0]
    between()
    assert (await exporter.send(exporter.compressed(GOOD))).code == 0
    await exporter.close()


@pytest.mark.parametrize("replace", [written, renamed])
@pytest.mark.parametrize("export", [export_http, export_grpc])
def test_an_exporter_sees_that_its_authorities_were_replaced(tmp_path, authority, server, export, replace):
    """New connections trust the new ones."""
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(Authority(tmp_path, "another authority").ca_file.read_bytes())
    tls = TlsClientConfig(ca_file=str(trusted), reload_interval="1ms")
    with receiving(served(server)) as running:
        asyncio.run(export(running, tls, lambda: (replace(authority.ca_file, trusted), time.sleep(0.01))))
        assert running.intake.records == 1


@pytest.mark.parametrize("replace", [written, renamed])
@pytest.mark.parametrize("protocol", POSTS)
def test_certificate_is_reloaded(tmp_path, authority, server, protocol, replace):
    """A certificate that is replaced on disk is served to new connections."""
    renewed = Authority(tmp_path, "renewed authority")
    with receiving(served(server, reload_interval="20ms")) as running:
        POSTS[protocol](running, client(authority))
        fresh = renewed.issue("renewed")
        replace(fresh.key, server.key)
        replace(fresh.cert, server.cert)
        for _ in range(200):
            try:
                POSTS[protocol](running, client(renewed))
                break
            except TURNED_AWAY:
                continue
        assert running.intake.records == 2


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        ({"cert_file": "/nowhere/cert.pem", "key_file": "/nowhere/key.pem"}, "No such file"),
        ({"cert_file": __file__, "key_file": __file__}, "cannot listen"),
    ],
    ids=["missing files", "files that are no certificates"],
)
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_unusable_files(protocol, tls, reason):
    """Files that can't be used are an error at start, which names the listener."""
    with pytest.raises(ConfigError, match=reason) as caught, receiving({"protocols": {protocol: {"tls": tls}}}):
        pass
    assert f"receivers.otlp.protocols.{protocol}" in str(caught.value)
