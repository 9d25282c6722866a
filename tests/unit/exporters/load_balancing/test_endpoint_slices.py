"""The backends of a service of Kubernetes, by an API server of the documented shape."""

from __future__ import annotations

import asyncio

import pytest

from counterparts.kubernetes_api import KubernetesApi
from exporters.load_balancing.config import K8sResolver
from exporters.load_balancing.endpoint_slices import EndpointSlices

LIST = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"


def piece(uid, *endpoints):
    return {
        "metadata": {"uid": uid, "name": uid},
        "endpoints": [{"addresses": [address], **({"hostname": name} if name else {})} for address, name in endpoints],
    }


@pytest.fixture
def api():
    with KubernetesApi() as api:
        yield api


def config(api, **more):
    return K8sResolver.model_validate(
        {"service": "backends.shop", "auth_type": "none", "endpoint": api.address, **more}
    )


def followed(given, talk, **more):
    async def main():
        slices = EndpointSlices(given, **more)
        slices.start()
        try:
            return await talk(slices)
        finally:
            slices.close()

    return asyncio.run(main())


async def until(slices, wanted):
    async with asyncio.timeout(30):
        while (found := await slices.look()) != wanted:
            await asyncio.sleep(0.01)
    return found


def test_endpoints_are_followed(api):
    """Of all slices of the service; one is new, changes, goes."""
    api.put(LIST, piece("a", ("10.0.0.2", ""), ("10.0.0.1", "")))
    api.put(LIST, piece("b", ("fd00::1", "")))

    async def talk(slices):
        await until(slices, ["10.0.0.1", "10.0.0.2", "[fd00::1]"])
        api.put(LIST, piece("a", ("10.0.0.3", "")))
        await until(slices, ["10.0.0.3", "[fd00::1]"])
        api.delete(LIST, "b")
        await until(slices, ["10.0.0.3"])
        api.break_off(forget=True)
        api.put(LIST, piece("c", ("10.0.0.4", "")))
        await until(slices, ["10.0.0.3", "10.0.0.4"])

    followed(config(api), talk)
    assert {parameters["labelSelector"] for _, parameters in api.asked} == {"kubernetes.io/service-name=backends"}


FORMS = {
    "ports": ({"ports": [4317, 4318]}, ["10.0.0.1:4317", "10.0.0.1:4318", "10.0.0.2:4317", "10.0.0.2:4318"]),
    "names": ({"return_hostnames": True}, ["pod-0.backends.shop"]),
    "names, ports": ({"return_hostnames": True, "ports": [1]}, ["pod-0.backends.shop:1"]),
    "a whole name": ({"service": "backends.shop.svc.cluster.local"}, ["10.0.0.1", "10.0.0.2"]),
}


@pytest.mark.parametrize("case", FORMS)
def test_what_a_backend_is_called(api, case):
    """A pod whose name is not known yet is no backend when names are asked for."""
    given, wanted = FORMS[case]
    api.put(LIST, piece("a", ("10.0.0.1", "pod-0"), ("10.0.0.2", "")))
    followed(config(api, **given), lambda slices: until(slices, wanted))


def test_the_namespace_is_that_of_the_pod(api, tmp_path):
    """Where the service's name has none."""
    (tmp_path / "namespace").write_text("shop\n")
    api.put(LIST, piece("a", ("10.0.0.1", "")))
    followed(
        config(api, service="backends"),
        lambda slices: until(slices, ["10.0.0.1"]),
        own_namespace=tmp_path / "namespace",
    )
