"""Restarts of containers by the documented API."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from collector.responses.response import State
from counterparts.responding import Acting
from counterparts.vendors.docker_api import DockerApi
from exporters.docker import FACTORY
from exporters.docker import exporter as module

OPTIONS = {"containers": ["api"]}


def carried_out(api: DockerApi, target: str = "api", **more: object):
    return Acting(FACTORY, OPTIONS, _client=api).carry_out(target, **more)


def test_it_is_restarted_once():
    api = DockerApi()
    found = carried_out(api)
    assert (found.state, api.restarts) == (State.DONE, ["api"])
    assert (found.was, found.became) == (
        "running since 2023-11-14T21:00:00, process 11",
        "running since 2023-11-14T22:13:21, process 12",
    )


def test_a_dry_run_only_looks():
    api = DockerApi()
    assert carried_out(api, dry_run=True).reason == "Docker knows it, and would restart it"
    assert [one.method for one in api.asked] == ["GET"]


def test_what_was_started_since_is_left_alone():
    api = DockerApi()
    api.containers["api"]["State"]["StartedAt"] = "2023-11-14T22:13:19.5Z"
    found = carried_out(api)
    assert (found.reason, api.restarts) == ("it was started since this was proposed", [])


def test_never_the_own_container(monkeypatch):
    monkeypatch.setattr(module, "gethostname", lambda: "a" * 12)
    found = carried_out(DockerApi())
    assert (found.state, found.reason) == (State.FAILED, "it is the container that logboom runs in")


def test_what_is_not_on_the_list_or_not_there():
    assert carried_out(DockerApi(), "db").reason == "db is not one of `containers`"
    assert carried_out(DockerApi(containers={})).reason == "Docker answered 404 Not Found: No such container: api"


@pytest.mark.parametrize("befalls", ["500", "503", "cut", "lost"])
def test_what_passes_is_tried_again_and_done_once(befalls):
    api = DockerApi(["", befalls])
    assert carried_out(api).state == State.DONE
    assert api.restarts == ["api"]


def test_over_the_socket(tmp_path):
    """A real unix socket, with Docker's paths behind it."""
    import asyncio

    from aiohttp import web

    api, path = DockerApi(), str(tmp_path / "docker.sock")

    async def answer(request: web.Request) -> web.Response:
        found = await api.request(request.method, f"http://docker{request.path_qs}", await request.read())
        return web.Response(status=found.status, body=found.body, headers=found.headers)

    async def main() -> object:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.UnixSite(runner, path).start()
        acting = Acting(FACTORY, {**OPTIONS, "socket": path})
        from counterparts.responding import response

        one = response("api")
        await acting.exporter.start()
        try:
            return await acting.exporter.act(one)
        finally:
            await acting.exporter.shutdown()
            await runner.cleanup()

    done = asyncio.run(main())
    assert api.restarts == ["api"]
    assert done.became.endswith("process 12")


def test_names_that_are_none():
    for name in ("../api", "a/b", "a?b", ""):
        with pytest.raises(ValidationError):
            FACTORY.config.model_validate({"containers": [name]})
    with pytest.raises(ValidationError):
        FACTORY.config.model_validate({**OPTIONS, "endpoint": "http://elsewhere.example:2375"})
