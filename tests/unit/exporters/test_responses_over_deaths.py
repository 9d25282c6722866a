"""Any course of lost answers, refusals and deaths: a target is acted on once at most, and what is told of it is true."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.outcomes import Retry
from collector.responses.response import Response, State
from counterparts.examples import examples
from counterparts.responding import CLAIM, DOMAIN, REPORT, Acting, response
from counterparts.vendors.docker_api import DockerApi
from counterparts.vendors.kubernetes_api import PATH, KubernetesApi
from counterparts.vendors.pipelines import GitHub
from counterparts.vendors.workers import ACCOUNT, Workers
from exporters.ci_trigger import FACTORY as CI
from exporters.cloudflare_rollback import FACTORY as ROLLBACK
from exporters.docker import FACTORY as DOCKER
from exporters.kubernetes import FACTORY as KUBERNETES

BEFALLS = st.lists(st.sampled_from(["", "", "lost", "cut", "429", "500", "503"]), max_size=8)
DOOR = st.lists(st.sampled_from(["well", "well", "nobody", "claim unheard", "report unheard"]), max_size=6)
DEATHS = st.lists(st.booleans(), max_size=6)
"""Behind each attempt: whether the process dies, and forgets all that is in memory."""
_MOST_ATTEMPTS = 40


def lived(acting: Acting, one: Response, door: list[str], deaths: list[bool]) -> Response:
    """Attempts until it has ended."""
    acting.decider.start(one)
    for attempt in range(_MOST_ATTEMPTS):
        said = door[attempt] if attempt < len(door) else "well"
        acting.decider.down = int(said == "nobody")
        acting.decider.unheard = {"claim unheard": [CLAIM], "report unheard": [REPORT]}.get(said, [])
        ended = not isinstance(acting.once(one), Retry)
        if ended:
            return acting.decider.stands(one)
        if attempt < len(deaths) and deaths[attempt]:
            acting.process()
    raise AssertionError("it never ends")


@given(BEFALLS, DOOR, DEATHS)
@settings(max_examples=examples(60), deadline=None)
def test_kubernetes(befalls: list[str], door: list[str], deaths: list[bool]) -> None:
    api = KubernetesApi(list(befalls))
    found = lived(
        Acting(KUBERNETES, {"workloads": ["shop/deployment/api"]}, _client=api),
        response("shop/deployment/api"),
        door,
        deaths,
    )
    assert (found.state, api.objects[PATH]["metadata"]["generation"]) == (State.DONE, 2)


@given(BEFALLS, DOOR, DEATHS)
@settings(max_examples=examples(60), deadline=None)
def test_docker(befalls: list[str], door: list[str], deaths: list[bool]) -> None:
    api = DockerApi(list(befalls))
    found = lived(Acting(DOCKER, {"containers": ["api"]}, _client=api), response("api"), door, deaths)
    assert (found.state, api.restarts) == (State.DONE, ["api"])


class Free:
    """In the place of the budget of calls, which goes by the real clock and a file."""

    def take(self, _: float) -> float:
        return 0.0

    def pause(self, _: float) -> None:
        """None."""


@given(BEFALLS, DOOR, DEATHS)
@settings(max_examples=examples(60), deadline=None)
def test_a_rollback(befalls: list[str], door: list[str], deaths: list[bool]) -> None:
    workers = Workers(list(befalls))
    acting = Acting(
        ROLLBACK, {"account_id": ACCOUNT, "api_token": "secret-token", "scripts": ["shop"], "max_calls_per_5m": 0}
    )
    process = acting.process

    def again() -> None:
        process()
        acting.exporter._client._http, acting.exporter._client._budget = workers, Free()

    acting.process = again  # type: ignore[method-assign]
    again()
    found = lived(acting, response("shop", deployment="d3"), door, deaths)
    assert (found.state, len(workers.deployments)) == (State.DONE, 4)


@given(BEFALLS, DOOR, DEATHS)
@settings(max_examples=examples(100), deadline=None)
def test_a_pipeline(befalls: list[str], door: list[str], deaths: list[bool]) -> None:
    """It knows no repetition: never two, and *done* only where one was started."""
    github = GitHub(list(befalls))
    options = {
        "provider": "github",
        "token": "secret-token",
        "triggers": {"r": {"project": "owner/repo", "workflow": "rollback.yml"}},
    }
    found = lived(Acting(CI, options, _client=github), response("r"), door, deaths)
    assert len(github.started) <= 1
    assert found.state in (State.DONE, State.FAILED)
    assert found.state == State.FAILED or len(github.started) == 1
    assert found.domain == DOMAIN
