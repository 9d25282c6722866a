"""The load_balancing exporter against real OTLP servers: what goes where, and what becomes of the records of one that is gone."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack

import grpc
import polars as pl
import pytest

from collector.component import Context
from collector.outcomes import Ok, Retry
from collector.testing.row_batch import Row, batch_of
from counterparts.kubernetes_api import KubernetesApi
from counterparts.otlp_grpc_server import otlp_server
from exporters.load_balancing import FACTORY
from exporters.load_balancing.backends import Backends
from exporters.load_balancing.ring import HashRing

SERVICES = [f"service-{number}" for number in range(60)]
BATCH = batch_of(
    [Row(f"{number}", (), [("service.name", name)], fields={"body": name}) for number, name in enumerate(SERVICES)]
)


@pytest.fixture
def servers():
    with ExitStack() as stack:
        yield [stack.enter_context(otlp_server()) for _ in range(3)]


def place(server):
    return f"127.0.0.1:{server.port}"


def options(*places, **more):
    return {
        "resolver": {"static": {"hostnames": list(places)}},
        "protocol": {"otlp": {"tls": {"insecure": True}, "timeout": "20s"}},
        **more,
    }


def bodies(server):
    return [
        record.body.string_value
        for request in server.requests
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


def run(tmp_path, given, talk):
    async def main():
        exporter = FACTORY.create(FACTORY.config.model_validate(given), Context("l", tmp_path))
        await exporter.start()
        try:
            return await talk(exporter)
        finally:
            await exporter.shutdown()
            await exporter.shutdown()

    return asyncio.run(main())


async def sent(exporter, encoded):
    try:
        return exporter.classify(await exporter.send(encoded))
    except Exception as error:  # noqa: BLE001  delivery does the same
        return exporter.classify(error)


def owners(places):
    return dict(zip(SERVICES, HashRing(places).find(SERVICES), strict=True))


def test_each_service_has_its_backend(tmp_path, servers):
    """One call for each backend of a request; all records once."""
    places = [place(server) for server in servers]

    async def talk(exporter):
        return await sent(exporter, exporter.encode(BATCH))

    assert run(tmp_path, options(*places), talk) == [Ok()] * 3
    wanted = owners(places)
    for server in servers:
        assert bodies(server) == [name for name in SERVICES if wanted[name] == place(server)]
        (request,) = server.requests
        assert all(scope.log_records for resource in request.resource_logs for scope in resource.scope_logs)


def test_the_records_of_one_that_is_gone_go_to_the_others(tmp_path, servers):
    """What the others took stays theirs; the same bytes, sent again, find the backends that are there."""
    with socket.socket() as taken:  # bound and not listening: nobody answers there, and nobody else can
        taken.bind(("127.0.0.1", 0))
        away = f"127.0.0.1:{taken.getsockname()[1]}"
        places = [place(servers[0]), place(servers[1]), away]

        async def talk(exporter):
            first = exporter.encode(BATCH)
            found = await sent(exporter, first)
            (retry,) = [one for one in found if isinstance(one, Retry)]
            left = BATCH.gather(pl.Series(retry.items))
            return retry, left, await sent(exporter, exporter.encode(left)), await sent(exporter, first)

        retry, left, again, whole = run(tmp_path, options(*places), talk)
    assert retry.reason.startswith(f"{away}: UNAVAILABLE")
    assert not retry.throttled
    assert left.column("body").to_list() == [name for name in SERVICES if owners(places)[name] == away]
    assert {type(one) for one in (*again, *whole)} == {Ok}
    assert sorted(bodies(servers[0]) + bodies(servers[1])) == sorted(SERVICES * 2)


def test_one_that_must_be_waited_for_is(tmp_path, servers):
    """`leave_out_for: 0s`: records keep their backend."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        places = [place(servers[0]), f"127.0.0.1:{taken.getsockname()[1]}"]

        async def talk(exporter):
            return [await sent(exporter, exporter.encode(BATCH)) for _ in range(2)]

        first, second = run(tmp_path, options(*places, leave_out_for="0s"), talk)
    for found in (first, second):
        (retry,) = [one for one in found if isinstance(one, Retry)]
        assert [SERVICES[at] for at in retry.items] == [name for name in SERVICES if owners(places)[name] == places[1]]


def test_a_backend_that_is_busy_keeps_its_records(tmp_path, servers):
    """It says when to come again; a refusal of everything by one of several is no standstill of all."""

    def busy(request, context):
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down")

    def refusing(request, context):
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "who?")

    servers[0].answer, servers[1].answer = busy, refusing
    places = [place(server) for server in servers]

    async def talk(exporter):
        found = await sent(exporter, exporter.encode(BATCH))
        return found, await sent(exporter, exporter.encode(BATCH))

    first, second = run(tmp_path, options(*places), talk)
    assert [one.reason.partition(": ")[2] for one in first if isinstance(one, Retry)] in (
        ["RESOURCE_EXHAUSTED: slow down", "UNAUTHENTICATED: who?"], ["UNAUTHENTICATED: who?", "RESOURCE_EXHAUSTED: slow down"],
    )  # fmt: skip
    assert [one.reason.partition(": ")[2] for one in second if isinstance(one, Retry)] == [
        "RESOURCE_EXHAUSTED: slow down"
    ]
    assert len(servers[1].requests) == 1


class Names:
    """A resolver whose answer a test changes."""

    interval = 0.01

    def start(self):
        pass

    close = start

    def __init__(self):
        self.found = []
        self.looks = 0

    async def look(self):
        self.looks += 1
        if self.found is None:
            raise OSError("the name cannot be resolved")
        return self.found


def test_backends_come_and_go(tmp_path, servers):
    """None yet: wait. What was shared before is shared anew. A look that fails, or finds nobody, changes nothing."""
    names = Names()
    places = [place(server) for server in servers]

    async def until(exporter, wanted):
        async with asyncio.timeout(30):
            while set(exporter._backends.now().backends) != set(wanted):
                await asyncio.sleep(0.01)

    async def talk(exporter):
        exporter._backends._resolver = names
        exporter._backends._looking = asyncio.create_task(exporter._backends._look_on())
        names.found = [places[0]]
        await until(exporter, places[:1])
        encoded = exporter.encode(BATCH)
        names.found = places[1:]
        await until(exporter, places[1:])
        for nothing in (None, []):
            names.found, looks = nothing, names.looks
            async with asyncio.timeout(30):
                while names.looks < looks + 2:
                    await asyncio.sleep(0.01)
        return await sent(exporter, encoded)

    assert run(tmp_path, options(places[0]), talk) == [Ok()] * 2
    assert bodies(servers[0]) == []
    assert sorted(bodies(servers[1]) + bodies(servers[2])) == sorted(SERVICES)


def test_without_a_backend_records_wait(tmp_path):
    """Nothing is lost, and people are told."""
    given = {"resolver": {"dns": {"hostname": "nobody.invalid"}}, "protocol": {"otlp": {"tls": {"insecure": True}}}}

    async def talk(exporter):
        return await sent(exporter, exporter.encode(BATCH))

    assert run(tmp_path, given, talk) == [Retry("the resolver has found no backend yet")]


def test_a_name_is_all_its_addresses(tmp_path, servers):
    """By the machine's own resolver."""
    given = options()
    given["resolver"] = {"dns": {"hostname": "127.0.0.1", "port": servers[0].port, "timeout": "30s"}}

    async def talk(exporter):
        return await sent(exporter, exporter.encode(BATCH))

    assert run(tmp_path, given, talk) == [Ok()]
    assert sorted(bodies(servers[0])) == sorted(SERVICES)


def test_the_endpoints_of_a_service(tmp_path):
    """Of Kubernetes: each port is a backend."""
    slice_ = {"metadata": {"uid": "a", "name": "a"}, "endpoints": [{"addresses": ["127.0.0.1"]}]}
    with KubernetesApi() as api, otlp_server() as one, otlp_server() as other:
        api.put("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", slice_)
        k8s = {
            "service": "backends.shop",
            "auth_type": "none",
            "endpoint": api.address,
            "ports": [one.port, other.port],
        }
        given = {"resolver": {"k8s": k8s}, "protocol": {"otlp": {"tls": {"insecure": True}, "timeout": "20s"}}}

        async def talk(exporter):
            return await sent(exporter, exporter.encode(BATCH))

        assert run(tmp_path, given, talk) == [Ok()] * 2
        assert sorted(bodies(one) + bodies(other)) == sorted(SERVICES)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Client:
    """Stands for one that nobody calls."""

    async def start(self):
        pass

    async def close(self):
        pass


def test_who_is_left_out_comes_back():
    """After its time, with the next answer, or when all are left out; one that is slow only at the second time in a row."""

    async def main():
        names, clock = Names(), Clock()
        names.interval, names.found = 0.0, ["a", "b"]
        backends = Backends(names, lambda _: Client(), 30.0, clock)
        await backends.start()
        a, b = (backends.now().backends[name] for name in "ab")
        seen = []

        def look():
            seen.append("".join(sorted(backends.now().backends)))

        backends.unreachable(a)
        look()
        assert backends.has_others(a)
        assert not backends.has_others(b)
        backends.unreachable(b)
        look()
        backends.answered(a)
        look()
        clock.now = 31.0
        look()
        for _ in range(2):
            backends.timed_out(b)
            look()
        await backends.close()
        return seen

    assert asyncio.run(main()) == ["b", "ab", "a", "ab", "ab", "a"]
