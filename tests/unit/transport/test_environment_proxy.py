"""The environment's proxies: what goes through them, and what never does."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from collector.transport import environment_proxy
from collector.transport.environment_proxy import environment_proxy as proxy_of
from collector.transport.http_client import HttpClient
from collector.transport.http_client_config import HttpClientConfig

PROXIES = {"HTTP_PROXY": "http://plain:3128", "https_proxy": "secure:3129", "NO_PROXY": "internal.example,10.1.2.3"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No proxies but those of the test."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    environment_proxy._of_host.cache_clear()
    yield monkeypatch
    environment_proxy._of_host.cache_clear()


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://siem.example/x", "http://plain:3128"),
        ("https://siem.example:8443/x", "http://secure:3129"),
        ("https://logs.internal.example/x", None),
        ("https://10.1.2.3:9200/x", None),
        ("http://localhost:9200/x", None),
        ("http://127.0.0.1:9200/x", None),
        ("http://[::1]:9200/x", None),
    ],
)
def test_which_requests_go_through_a_proxy(environment, url, proxy):
    """By scheme; neither what NO_PROXY names nor loopback, as in Go."""
    for name, value in PROXIES.items():
        environment.setenv(name, value)
    assert proxy_of(url) == proxy


def test_without_proxies(environment):
    """Nothing is found."""
    assert proxy_of("https://siem.example") is None


async def _exchange(headers, environment):
    """What a server on loopback, and what a proxy were asked for, by one POST each to the first and to another host."""
    seen = []

    async def answer(request):
        seen.append((request.raw_path, request.headers.get("Authorization")))
        return web.Response()

    application = web.Application()
    application.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    environment.setenv("HTTP_PROXY", url)
    client = HttpClient(HttpClientConfig(endpoint=url))
    await client.start()
    try:
        for target in (f"{url}/direct", "http://siem.example/proxied"):
            await client.post(target, b"x", headers)
    finally:
        await client.close()
        await runner.cleanup()
    return seen


@pytest.mark.parametrize(("headers", "sent"), [({}, None), ({"Authorization": "Bearer t"}, "Bearer t")])
def test_the_client_goes_direct_to_loopback_and_reads_no_netrc(environment, tmp_path, headers, sent):
    """A credential for this machine does not pass by a proxy; passwords of `~/.netrc` go nowhere, nor stop requests."""
    (tmp_path / "netrc").write_text("default login bob password secret\n")
    environment.setenv("NETRC", str(tmp_path / "netrc"))
    seen = asyncio.run(_exchange(headers, environment))
    assert seen == [("/direct", sent), ("http://siem.example/proxied", sent)]
