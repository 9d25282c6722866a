"""Start, stop and shut down: ports in use, unix sockets, refusals while stopping, nothing appended afterwards."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from pathlib import Path

import grpc
import pytest

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.component import Context
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import ConfigError
from collector.receivers.otlp import FACTORY
from collector.receivers.otlp.config import GRPC_PATH
from collector.testing.intake import MemoryIntake
from collector.testing.payloads import payload
from counterparts.receiving import otlp_config, receiving

GOOD = payload()
PROTOBUF = {"content-type": "application/x-protobuf"}


def made(overrides=None):
    return FACTORY.create(otlp_config(overrides), Context("otlp/edge", Path()))


def admission(intake=None):
    return Admission(checks(DomainResolver(DomainRules())), intake or MemoryIntake())


def test_shutdown_without_start_and_twice():
    """Shutting down is safe before a start and a second time."""
    receiver = made()
    receiver.stop_intake()
    receiver.shutdown(0.0)
    receiver.start(admission())
    receiver.shutdown(1.0)
    receiver.shutdown(1.0)
    assert receiver.endpoints() == {}


@pytest.mark.parametrize("reuse", [False, True], ids=["plain socket", "socket that would share its port"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_port_in_use(protocol, reuse):
    """A port that somebody listens on is an error that names address and option, even if grpc could share it."""
    with socket.socket() as taken:
        if reuse:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        receiver = made({"protocols": {protocol: {"endpoint": address}}})
        with pytest.raises(ConfigError) as caught:
            receiver.start(admission())
    assert f"receivers.otlp/edge.protocols.{protocol}: cannot listen on {address}: Address already in use" in str(
        caught.value
    )
    assert receiver.endpoints() == {}


def test_nothing_stays_open_after_a_failed_start():
    """If one protocol can't listen, the other one does not either."""
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        blocks = {"grpc": f"127.0.0.1:{port}", "http": f"127.0.0.1:{taken.getsockname()[1]}"}
        with pytest.raises(ConfigError):
            made({"protocols": {name: {"endpoint": address} for name, address in blocks.items()}}).start(admission())
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_several_processes_share_the_ports():
    """With `share_port` a second receiver listens on the same ports."""
    first, intake = made(), MemoryIntake()
    first.start(admission(intake), share_port=True)
    second = made({"protocols": {name: {"endpoint": address} for name, address in first.endpoints().items()}})
    second.start(admission(intake), share_port=True)
    assert second.endpoints() == first.endpoints()
    first.shutdown(1.0)
    post(second.endpoints()["http"])
    with grpc.insecure_channel(second.endpoints()["grpc"]) as channel:
        assert channel.unary_unary(GRPC_PATH)(GOOD, timeout=10) == b""
    second.shutdown(1.0)
    assert intake.records == 2


def post(address: str) -> http.client.HTTPResponse:
    with contextlib.closing(http.client.HTTPConnection(address, timeout=30)) as connection:
        connection.request("POST", "/v1/logs", GOOD, PROTOBUF)
        response = connection.getresponse()
        response.read()
        return response


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


def test_unix_sockets(tmp_path):
    """Both protocols listen on unix sockets; a socket that a killed process left behind is replaced."""
    paths = {"grpc": tmp_path / "grpc.sock", "http": tmp_path / "http.sock"}
    for path in paths.values():
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
    blocks = {name: {"transport": "unix", "endpoint": str(path)} for name, path in paths.items()}
    with receiving({"protocols": blocks}) as running:
        assert running.receiver.endpoints() == {name: f"unix:{path}" for name, path in paths.items()}
        connection = UnixConnection(paths["http"])
        connection.request("POST", "/v1/logs", GOOD, PROTOBUF)
        assert connection.getresponse().status == 200
        connection.close()
        with grpc.insecure_channel(f"unix:{paths['grpc']}") as channel:
            assert channel.unary_unary(GRPC_PATH)(GOOD, timeout=10) == b""
        with pytest.raises(ConfigError, match="Address already in use"):
            made({"protocols": {"http": blocks["http"]}}).start(admission())
        with pytest.raises(ConfigError, match="Address already in use"):
            made({"protocols": {"grpc": blocks["grpc"]}}).start(admission())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("trusted", "domain"), [("unix", "tamyla.com"), ("127.0.0.0/8", "default")])
def test_headers_over_a_unix_socket(tmp_path, trusted, domain):
    """Peers on a unix socket are believed if `unix` is among the trusted peers, and not otherwise."""
    rules = DomainRules(names=["tamyla.com"], trusted_peers=[trusted])
    blocks = {name: {"transport": "unix", "endpoint": str(tmp_path / name)} for name in ("grpc", "http")}
    with receiving({"protocols": blocks}, rules=rules) as running:
        connection = UnixConnection(tmp_path / "http")
        connection.request("POST", "/v1/logs", GOOD, {**PROTOBUF, "x-forwarded-host": "tamyla.com"})
        assert connection.getresponse().status == 200
        connection.close()
        with grpc.insecure_channel(f"unix:{tmp_path / 'grpc'}") as channel:
            channel.unary_unary(GRPC_PATH)(GOOD, timeout=10, metadata=(("x-forwarded-host", "tamyla.com"),))
        assert [came.domain for came in running.intake.payloads] == [domain, domain]


def test_a_unix_socket_changes_hands(tmp_path):
    """With `share_port` a new process takes the sockets over; the old one does not remove them when it ends."""
    blocks = {name: {"transport": "unix", "endpoint": str(tmp_path / name)} for name in ("grpc", "http")}
    intake, old, new = MemoryIntake(), made({"protocols": blocks}), made({"protocols": blocks})
    old.start(admission(intake), share_port=True)
    new.start(admission(intake), share_port=True)
    old.shutdown(1.0)
    connection = UnixConnection(tmp_path / "http")
    connection.request("POST", "/v1/logs", GOOD, PROTOBUF)
    assert connection.getresponse().status == 200
    connection.close()
    with grpc.insecure_channel(f"unix:{tmp_path / 'grpc'}") as channel:
        assert channel.unary_unary(GRPC_PATH)(GOOD, timeout=10) == b""
    new.shutdown(1.0)
    assert list(tmp_path.iterdir()) == []


def test_sign_of_life():
    """The HTTP event loop beats while it lives."""
    with receiving() as running:
        assert running.receiver.silent_secs() < 60
    assert running.receiver.silent_secs() == 0.0


@pytest.mark.parametrize("share_port", [False, True])
def test_a_file_is_not_a_socket(tmp_path, share_port):
    """A file in the place of the socket is never removed."""
    file = tmp_path / "notes.txt"
    file.write_text("important")
    receiver = made({"protocols": {"http": {"transport": "unix", "endpoint": str(file)}}})
    with pytest.raises(ConfigError, match="is not a socket"):
        receiver.start(admission(), share_port=share_port)
    assert file.read_text() == "important"
    assert list(tmp_path.iterdir()) == [file]


def refusal_over_grpc(address: str) -> grpc.RpcError:
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(GRPC_PATH)(GOOD, timeout=10)
    return caught.value


def test_stopping_refuses_with_a_hint_and_finishes_what_is_under_way():
    """After `stop_intake` new requests get UNAVAILABLE / 503 with a hint; one that waits for the disk is answered."""
    intake = MemoryIntake(delayed=True)
    with receiving(intake=intake) as running:
        answers = []
        under_way = threading.Thread(target=lambda: answers.append(post(running.http).status))
        under_way.start()
        assert intake.wait_for(payloads=1)
        running.receiver.stop_intake()
        refused = post(running.http)
        assert (refused.status, refused.getheader("retry-after") in ("1", "2")) == (503, True)
        error = refusal_over_grpc(running.grpc)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert "google.rpc.retryinfo-bin" in dict(error.trailing_metadata())
        intake.release()
        under_way.join(30)
        assert answers == [200]
        assert intake.records == 1


def test_shutdown_waits_for_what_is_under_way():
    """`shutdown` lets a waiting gRPC call get its answer before the deadline."""
    intake = MemoryIntake(delayed=True)
    receiver = made()
    receiver.start(admission(intake))
    with grpc.insecure_channel(receiver.endpoints()["grpc"]) as channel:
        call = channel.unary_unary(GRPC_PATH).future(GOOD, timeout=30)
        assert intake.wait_for(payloads=1)
        closing = threading.Thread(target=receiver.shutdown, args=(30.0,))
        closing.start()
        intake.release()
        assert call.result() == b""
        closing.join(30)
        assert not closing.is_alive()


def test_shutdown_ends_at_its_deadline():
    """A journal that never answers does not hold the shutdown; the sender gets no success."""
    intake = MemoryIntake(delayed=True)
    receiver = made()
    receiver.start(admission(intake))
    with grpc.insecure_channel(receiver.endpoints()["grpc"]) as channel:
        call = channel.unary_unary(GRPC_PATH).future(GOOD, timeout=30)
        assert intake.wait_for(payloads=1)
        receiver.shutdown(0.1)
        intake.release()
        assert isinstance(call.exception(), grpc.RpcError)


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_nothing_is_appended_after_shutdown(protocol):
    """While clients go on sending, nothing reaches the journal once `shutdown` has returned."""
    intake, receiver = MemoryIntake(), made()
    receiver.start(admission(intake))
    address = receiver.endpoints()[protocol]
    stop = threading.Event()
    senders = [threading.Thread(target=keep_sending, args=(protocol, address, stop)) for _ in range(4)]
    for sender in senders:
        sender.start()
    assert intake.wait_for(payloads=20)
    receiver.shutdown(5.0)
    at_shutdown = len(intake.payloads)
    stop.wait(0.2)
    assert len(intake.payloads) == at_shutdown
    stop.set()
    for sender in senders:
        sender.join(30)
    assert len(intake.payloads) == at_shutdown


def keep_sending(protocol: str, address: str, stop: threading.Event) -> None:
    if protocol == "grpc":
        with grpc.insecure_channel(address) as channel:
            export = channel.unary_unary(GRPC_PATH)
            while not stop.is_set():
                try:
                    export(GOOD, timeout=1)
                except grpc.RpcError:
                    stop.wait(0.001)
    while not stop.is_set():
        try:
            post(address)
        except (OSError, http.client.HTTPException):
            stop.wait(0.001)
