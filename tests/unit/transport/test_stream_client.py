"""Connections that only send: what they notice of the other side, and what they leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

import pytest
import uvloop

from collector.transport.datagram_client import DatagramClient
from collector.transport.stream_client import ClosedByPeer, StreamClient, Target, unacknowledged
from collector.transport.stream_pool import StreamPool
from collector.transport.tls import TlsClientConfig, client_context
from counterparts.certificates import Authority

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=LOOPS)
def run(request):
    """Runs a scene on either event loop."""

    def runner(scene):
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as loop:
            return loop.run(scene())

    return runner


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as one:
        one.settimeout(10)
        yield one


def target(listener) -> Target:
    return Target("127.0.0.1", listener.getsockname()[1])


def read_all(connection: socket.socket) -> bytes:
    connection.settimeout(10)
    found = b""
    while data := connection.recv(65536):
        found += data
    return found


def test_bytes_arrive_and_both_sides_end(run, listener):
    """`finish` returns once the other side has read to the end and closed."""

    async def scene():
        client = await StreamClient.open(target(listener))
        connection, _ = listener.accept()
        reading = asyncio.to_thread(lambda: (read_all(connection), connection.close()))
        await client.write(b"x" * 1_000_000)
        await asyncio.gather(client.finish(), task := asyncio.ensure_future(reading))
        return task.result()[0]

    assert run(scene) == b"x" * 1_000_000


def test_received_waits_for_the_other_kernel(run, listener):
    """Nothing is unacknowledged afterwards, although nobody has read."""

    async def scene():
        client = await StreamClient.open(target(listener))
        await client.write(b"x" * 10_000)
        await client.received()
        left = unacknowledged(client._socket)
        client.abort()
        return left

    assert run(scene) == 0


def test_received_of_a_unix_socket_waits_for_the_process(run, tmp_path):
    """Its queue is the reader's: it is empty once all is read."""

    async def scene():
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "s"))
            server.listen()
            client = await StreamClient.open(Target(path=str(tmp_path / "s")))
            await client.write(b"x" * 100)
            waiting = asyncio.ensure_future(client.received())
            await asyncio.sleep(0.05)
            early = waiting.done()
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                await waiting
            client.abort()
            return early

    assert run(scene) is False


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_the_end_of_the_other_side_is_seen_before_a_write(run, listener, how):
    """`check` raises; it does not while the connection stands, or when the other side merely talks."""

    async def scene():
        client = await StreamClient.open(target(listener))
        connection, _ = listener.accept()
        client.check()
        connection.sendall(b"hello")
        await asyncio.sleep(0.02)
        client.check()
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        await asyncio.sleep(0.02)
        try:
            client.check()
        finally:
            client.abort()

    with pytest.raises(ClosedByPeer if how == "closed" else ConnectionResetError):
        run(scene)


def test_a_process_that_closes_without_reading_is_no_success(run, listener):
    """Its kernel resets the connection, and `finish` raises."""

    async def scene():
        client = await StreamClient.open(target(listener))
        connection, _ = listener.accept()
        await client.write(b"x" * 1000)
        await client.received()
        connection.close()
        try:
            await client.finish()
        finally:
            client.abort()

    with pytest.raises(ConnectionResetError):
        run(scene)


def test_nobody_listens(run, listener):
    """Refused, and no socket is left open (a ResourceWarning would fail this test)."""
    place = target(listener)
    listener.close()

    async def scene():
        await StreamClient.open(place)

    with pytest.raises(ConnectionRefusedError):
        run(scene)


def test_a_host_with_several_addresses(run, listener):
    """The next one is tried: nobody listens on localhost's IPv6 address."""

    async def scene():
        client = await StreamClient.open(Target("localhost", listener.getsockname()[1]))
        client.abort()

    run(scene)


def resolving(loop: asyncio.AbstractEventLoop, *places: tuple[str, int]) -> None:
    """Names on this loop have these addresses."""

    async def getaddrinfo(host, port, **wanted):
        return [(socket.AF_INET, wanted["type"], 0, "", place) for place in places]

    loop.getaddrinfo = getaddrinfo


def test_an_address_that_stays_silent_holds_nobody_up(listener):
    """The next one is tried meanwhile, and the connection that was under way leaves no socket."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent, contextlib.ExitStack() as waiting:
        for _ in range(4):  # its queue is full, so that nobody else gets an answer
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(silent.getsockname())

        async def scene():
            resolving(asyncio.get_running_loop(), silent.getsockname(), listener.getsockname())
            async with asyncio.timeout(20):
                client = await StreamClient.open(target(listener))
            client.abort()

        asyncio.run(scene())


def tls_target(tmp_path, listener, **options) -> tuple[Target, ssl.SSLContext, Authority]:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pair.cert, pair.key)
    config = TlsClientConfig.model_validate({"ca_file": str(authority.ca_file), **options})
    return Target("127.0.0.1", listener.getsockname()[1], tls=client_context(config)), server, authority


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_tls_ends_with_close_notify(run, listener, tmp_path, version):
    """The server reads a clean end: without suppress_ragged_eofs a missing close_notify raises."""
    place, server, _ = tls_target(tmp_path, listener, max_version=version)

    def serve() -> bytes:
        connection, _ = listener.accept()
        with server.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False) as stream:
            return read_all(stream)

    async def scene():
        serving = asyncio.ensure_future(asyncio.to_thread(serve))
        client = await StreamClient.open(place)
        await client.accepted()
        await client.write(b"y" * 600_000)
        await client.received()
        await client.close()
        return await serving

    assert run(scene) == b"y" * 600_000


def test_tls_to_a_silent_server_can_be_given_up(run, listener, tmp_path):
    """A handshake that never comes ends with the attempt's timeout, and leaves no socket."""
    place, _, _ = tls_target(tmp_path, listener)

    async def scene():
        async with asyncio.timeout(0.1):
            await StreamClient.open(place)

    with pytest.raises(TimeoutError):
        run(scene)


def test_name_in_the_certificate(run, listener, tmp_path):
    """It must be the host's, or the one that was asked for."""
    place, server, _ = tls_target(tmp_path, listener)
    place = Target(place.host, place.port, tls=place.tls, server_name="other.example")

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, pytest.raises(ssl.SSLError):
            server.wrap_socket(connection, server_side=True)

    async def scene():
        serving = asyncio.ensure_future(asyncio.to_thread(serve))
        try:
            await StreamClient.open(place)
        finally:
            await serving

    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.example"):
        run(scene)


def test_the_pool_keeps_one_connection_for_each_request_at_once(run, listener):
    """Used again while it stands, replaced when the other side has ended it, dropped after a failure."""
    opened = []

    async def connect() -> StreamClient:
        opened.append(await StreamClient.open(target(listener)))
        return opened[-1]

    async def scene():
        pool = StreamPool(connect, idle_secs=60)
        async with pool.connection(), pool.connection():
            pass
        assert len(opened) == 2
        async with pool.connection(), pool.connection():
            pass
        assert len(opened) == 2, "idle connections are used again"
        for _ in range(2):
            listener.accept()[0].close()
        await asyncio.sleep(0.02)
        async with pool.connection():
            pass
        assert len(opened) == 3, "dead ones are not"
        with pytest.raises(RuntimeError, match="half a message"):
            async with pool.connection():
                raise RuntimeError("half a message")
        async with pool.connection():
            pass
        assert len(opened) == 4, "nothing follows half a message"
        listener.accept()[0].close()
        listener.accept()[0].close()
        await pool.close()
        await pool.close()

    run(scene)


def test_the_pool_closes_what_is_idle_too_long(run, listener):
    """A firewall may have forgotten it."""
    opened = []

    async def connect() -> StreamClient:
        opened.append(await StreamClient.open(target(listener)))
        return opened[-1]

    async def scene():
        pool = StreamPool(connect, idle_secs=0.01)
        async with pool.connection():
            pass
        await asyncio.sleep(0.03)
        connection, _ = listener.accept()
        reading = asyncio.ensure_future(asyncio.to_thread(lambda: (read_all(connection), connection.close())))
        async with pool.connection():
            pass
        await reading
        assert len(opened) == 2
        opened[1].abort()
        listener.accept()[0].close()
        await pool.close()

    run(scene)


def test_the_pool_forgets_what_it_is_closing(run, listener):
    """While old connections are being closed, others come and go: none of those is closed, lost or used when closed."""
    opened = []

    async def connect() -> StreamClient:
        opened.append(await StreamClient.open(target(listener)))
        return opened[-1]

    async def scene():
        pool = StreamPool(connect, idle_secs=0.05)
        async with pool.connection(), pool.connection():
            young = pool.connection()
            await young.__aenter__()
        await asyncio.sleep(0.1)
        first = asyncio.ensure_future(pool.connection().__aenter__())
        await asyncio.sleep(0.01)
        assert not first.done(), "nobody ends the other side of the old ones: closing takes its time"
        await young.__aexit__(None, None, None)
        async with pool.connection() as used:
            assert used is opened[2]
            used.check()
        for _ in range(2):
            listener.accept()[0].close()
        assert await first is opened[2], "the young one, not lost"
        opened[2].check()
        opened[2].abort()
        listener.accept()[0].close()
        await pool.close()

    run(scene)


def test_the_pool_closes_what_is_idle_too_long_beside_what_is_in_use(run, listener):
    """A burst's connections go, although the last of them is used all the time."""
    opened = []

    async def connect() -> StreamClient:
        opened.append(await StreamClient.open(target(listener)))
        return opened[-1]

    async def scene():
        pool = StreamPool(connect, idle_secs=0.2)
        async with pool.connection(), pool.connection():
            pass
        ends = [listener.accept()[0] for _ in range(2)]
        ended = asyncio.gather(*(asyncio.to_thread(lambda end=end: (read_all(end), end.close())) for end in ends))
        while not ended.done() and asyncio.get_running_loop().time() < opened[1].idle_since + 5:
            async with pool.connection() as used:
                assert used is opened[0] or not ended.done()
            if any(end.fileno() < 0 for end in ends):
                break
            await asyncio.sleep(0.02)
        assert sum(end.fileno() < 0 for end in ends) == 1
        await pool.close()
        await ended

    run(scene)


def test_datagrams_to_a_host_with_several_addresses():
    """Nobody listens on the first: after the refusal the next has its turn."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone,
    ):
        for one in (server, gone):
            one.bind(("127.0.0.1", 0))
        server.settimeout(10)
        nobody = gone.getsockname()
        gone.close()

        async def scene():
            resolving(asyncio.get_running_loop(), nobody, server.getsockname())
            client = DatagramClient("host", 1)

            async def lost():
                for _ in range(100):
                    await client.send(b"lost", [4])
                    await asyncio.sleep(0.01)

            with pytest.raises(ConnectionRefusedError):
                await lost()
            await client.send(b"found", [5])
            client.close()

        asyncio.run(scene())
        assert server.recv(100) == b"found"


def test_datagrams(run):
    """One for each end, in order, empty ones too; a socket for all requests."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        client = DatagramClient("127.0.0.1", server.getsockname()[1])

        async def scene():
            await client.send(b"abcdef", [1, 3, 3, 6])
            await client.send(b"x" * 300, list(range(1, 301)))
            client.close()
            client.close()

        run(scene)
        assert [server.recv(100) for _ in range(4)] == [b"a", b"bc", b"", b"def"]
        assert [server.recv(100) for _ in range(200)] == [b"x"] * 200


def test_a_datagram_that_is_too_long(run):
    """EMSGSIZE, as the network says it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        client = DatagramClient("127.0.0.1", server.getsockname()[1])

        async def scene():
            await client.send(b"x" * 70_000, [70_000])

        with pytest.raises(OSError, match="Message too long"):
            run(scene)
