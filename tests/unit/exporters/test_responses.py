"""What all exporters that act keep to: asked before, told after, once, over lost answers and deaths."""

from __future__ import annotations

import pytest

from collector.outcomes import Ok, Retry
from collector.responses.response import Response, State
from collector.transport.http_client import HttpAnswer
from counterparts.responding import CLAIM, REPORT, Acting, made, response
from counterparts.vendors.docker_api import DockerApi
from counterparts.vendors.kubernetes_api import PATH, KubernetesApi
from counterparts.vendors.pipelines import GitHub
from exporters.ci_trigger import FACTORY as CI
from exporters.command import FACTORY as COMMAND
from exporters.docker import FACTORY as DOCKER
from exporters.kubernetes import FACTORY as KUBERNETES
from exporters.webhook import FACTORY as WEBHOOK

TARGET = "shop/deployment/api"
GITHUB = {
    "provider": "github", "token": "secret-token",
    "triggers": {"rollback": {"project": "owner/repo", "workflow": "rollback.yml", "id_parameter": "id"}},
}  # fmt: skip


def kubernetes() -> Acting:
    return Acting(KUBERNETES, {"workloads": [TARGET]}, _client=KubernetesApi())


def test_it_asks_acts_and_tells():
    acting = kubernetes()
    found = acting.carry_out(TARGET)
    assert (found.state, found.was, found.became) == (
        State.DONE,
        "generation 1",
        "generation 2",
    )
    assert acting.decider.asked == [CLAIM, REPORT]


def test_what_was_never_decided_is_not_done(caplog):
    """An event that was forged, or replayed: the machine knows of none. It is no trouble of the exporter's, so nobody is called for it."""
    acting = kubernetes()
    with caplog.at_level("INFO", "logboom.responses"):
        assert acting.once(response(TARGET)) == Ok()
    assert "there is no response" in caplog.text
    assert acting.parts["_client"].asked == []


def test_what_is_over_is_not_done_again():
    acting = kubernetes()
    one = response(TARGET)
    acting.carry_out(TARGET)
    calls = len(acting.parts["_client"].asked)
    acting.process()
    assert isinstance(acting.once(one), Ok)
    assert len(acting.parts["_client"].asked) == calls


def test_nobody_is_asked_nothing_is_done():
    acting = kubernetes()
    acting.decider.down = 1
    acting.decider.start(response(TARGET))
    assert isinstance(acting.once(response(TARGET)), Retry)
    assert acting.parts["_client"].asked == []


def test_what_was_done_is_told_until_it_is_on_disk():
    acting = kubernetes()
    one = response(TARGET)
    acting.decider.start(one)
    acting.decider.unheard = [CLAIM, REPORT]
    assert isinstance(acting.once(one), Retry)
    assert acting.parts["_client"].asked == []
    assert isinstance(acting.once(one), Retry)
    calls = len(acting.parts["_client"].asked)
    assert calls == 2
    assert isinstance(acting.once(one), Ok)
    assert len(acting.parts["_client"].asked) == calls
    assert acting.decider.stands(one).state == State.DONE


LOST = {
    "kubernetes": (KUBERNETES, {"workloads": [TARGET]}, TARGET, KubernetesApi),
    "docker": (DOCKER, {"containers": ["api"]}, "api", DockerApi),
}


@pytest.mark.parametrize(("factory", "options", "target", "vendor"), LOST.values(), ids=LOST)
def test_where_twice_is_once_a_death_while_it_acts_leaves_one_action(factory, options, target, vendor):
    """Done, and the process dies before anybody is told: its successor finds that it was done."""
    acting = Acting(factory, options, _client=vendor(["", "lost"]))
    one = response(target)
    acting.decider.start(one)
    assert isinstance(acting.once(one), Retry)
    acting.process()
    assert isinstance(acting.once(one), Ok)
    assert acting.decider.stands(one).state == State.DONE
    client = acting.parts["_client"]
    done = client.objects[PATH]["metadata"]["generation"] - 1 if target == TARGET else len(client.restarts)
    assert done == 1


def test_where_twice_is_two_a_death_while_it_acts_leaves_one_action_and_a_failure():
    github = GitHub()
    acting = Acting(CI, GITHUB, _client=github)
    one = response("rollback")
    acting.decider.start(one)

    async def dies(*_: object) -> None:
        raise KeyboardInterrupt

    acting.exporter.desk.report = dies
    with pytest.raises(KeyboardInterrupt):
        acting.once(one)
    acting.process()
    assert isinstance(acting.once(one), Ok)
    assert len(github.started) == 1
    found = acting.decider.stands(one)
    assert (found.state, found.reason) == (
        State.FAILED,
        "a process ended while it acted: whether it was done is not known",
    )


def test_an_answer_that_is_lost_is_not_asked_for_again_where_twice_is_two():
    github = GitHub(["lost"])
    acting = Acting(CI, GITHUB, _client=github)
    found = acting.carry_out("rollback")
    assert (found.state, len(github.started)) == (State.FAILED, 1)
    assert "whether it was done is not known" in found.reason


def test_what_the_log_said_is_in_no_request():
    """`error_type` of the alert is `$(reboot) ...`: it reaches who is told the facts, as JSON, and no path or parameter."""
    acting = kubernetes()
    acting.carry_out(TARGET)
    assert not any("reboot" in f"{one.path}{one.query}{one.body!r}" for one in acting.parts["_client"].asked)


def test_each_response_is_a_request_of_its_own_and_targets_wait_for_themselves():
    exporter = kubernetes().exporter
    batch = made(response(TARGET))
    assert exporter.one_request_per(batch).to_list() == ["0123456789abcdef0123456789abcdef"]
    assert exporter.order_by(batch).to_list() == ["x/shop/deployment/api"]


def test_a_webhook_acts_for_us():
    class Called(KubernetesApi):
        def act(self, asked):
            from counterparts.vendors.vendor import said

            return said({"ok": True})

    client = Called()
    secret = "whsec_" + "QUFB" * 8
    acting = Acting(WEBHOOK, {"url": "https://ops.example/restart", "signing_secrets": [secret]}, _client=client)
    acting.exporter._calls.desk.ask = acting.decider.ask
    assert acting.carry_out("anything").state == State.DONE
    (asked,) = client.asked
    assert asked.json["response"]["id"] == asked.headers["webhook-id"] == "0123456789abcdef0123456789abcdef"
    assert asked.json["response"]["labels"]["error_type"] == "$(reboot) `id` ;"
    refused = Acting(WEBHOOK, {"url": "https://ops.example/restart"}, _client=KubernetesApi(["401"]))
    assert refused.carry_out("anything").state == State.FAILED


@pytest.mark.parametrize("repeatable", [False, True], ids=["never twice", "twice is once"])
def test_what_nobody_foresaw_while_it_acts(repeatable):
    """A failure of whatever kind leaves unknown what was done: only where twice is once it is tried again."""
    acting = Acting(COMMAND, {"commands": {"restart": {"argv": ["/bin/true"]}}})
    one, began = response("restart"), []
    acting.decider.start(one)

    async def breaks(_: Response) -> None:
        began.append(1)
        raise PermissionError(1, "Operation not permitted")

    acting.exporter.act, acting.exporter.repeatable = breaks, repeatable
    assert isinstance(acting.once(one), Retry if repeatable else Ok)
    acting.once(one)
    assert len(began) == 1 + repeatable
    if not repeatable:
        found = acting.decider.stands(one)
        assert (found.state, found.reason) == (
            State.FAILED,
            "PermissionError: whether it was done is not known",
        )


ANSWERS = {
    "listed": ({"success_statuses": [409]}, 409, b"", State.DONE),
    "a 2xx that is not listed": ({"success_statuses": [202]}, 200, b"", State.FAILED),
    "a page": ({}, 200, b"<!DOCTYPE html><title>Sign in</title>", State.FAILED),
    "names a failure": ({"success_body": "json"}, 200, b'{"ok":false}', State.FAILED),
    "names none": ({"success_body": "json"}, 200, b'{"ok":true}', State.DONE),
}


@pytest.mark.parametrize(("options", "status", "body", "state"), ANSWERS.values(), ids=ANSWERS)
def test_what_an_answer_to_a_call_means_the_options_say(options, status, body, state):
    class Answers(KubernetesApi):
        async def request(self, *_: object, **__: object) -> HttpAnswer:
            return HttpAnswer(status, {}, body)

    acting = Acting(WEBHOOK, {"url": "https://ops.example/restart", **options}, _client=Answers())
    assert acting.carry_out("anything").state == state
