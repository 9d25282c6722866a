"""Jira: a ticket for each group, in step with it, though the search lags and workflows differ."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Reject, Retry
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.jira import Jira, leaves, problems
from counterparts.vendors.notices import notice
from counterparts.vendors.told import Telling
from exporters.jira import FACTORY
from exporters.jira.config import JiraConfig
from exporters.jira.document import described, plainly, remark
from exporters.jira.exporter import JiraExporter

OPTIONS = {
    "endpoint": "https://tamyla.atlassian.net", "email": "bot@tamyla.com", "token": "s3cret", "project": "OPS", "labels": ["incident"],
    "priorities": {"critical": "Highest"}, "on_resolve": "close",
}  # fmt: skip


@pytest.fixture(autouse=True)
def settled(request, monkeypatch):
    """Without an engine nothing waits, and nothing lags."""
    if not request.node.name.startswith("test_never_two"):
        monkeypatch.setattr(JiraExporter, "settles_secs", 0.0)
        monkeypatch.setattr(Jira, "lag", 0.0)


def state(issue):
    return issue["status"]["statusCategory"]["key"], len(issue["comments"])


def test_a_ticket_is_created_commented_closed_and_opened_again():
    jira = Jira()
    told = Telling(FACTORY, OPTIONS, jira)
    told.say(notice(), notice(sequence=2))
    (issue,) = jira.issues.values()
    assert issue["labels"] == ["logboom-0123456789abcdef", "incident"]
    assert issue["priority"] == {"name": "Highest"}
    assert state(issue) == ("new", 1)
    told.say(notice(sequence=3, status="resolved"))
    assert state(issue) == ("done", 2)
    told.say(notice(sequence=4))
    assert state(issue) == ("new", 3)
    assert len(jira.issues) == 1


@pytest.mark.parametrize(("date", "resolution", "tickets"), [("2020-01-01T00:00:00.000+0000", "Done", 2), ("2020-01-01T00:00:00.000+0000", "Won't Do", 1)], ids=["long ago", "unwanted"])  # fmt: skip
def test_what_was_closed(date, resolution, tickets):
    """Long ago: a new one that names it. Unwanted: nothing more."""
    jira = Jira()
    told = Telling(FACTORY, OPTIONS, jira)
    told.say(notice())
    done = {"name": "Done", "statusCategory": {"key": "done"}}
    jira.issues["OPS-1"] |= {"status": done, "resolution": {"name": resolution}, "resolutiondate": date}
    told.say(notice(sequence=2))
    assert len(jira.issues) == tickets
    assert state(jira.issues["OPS-1"]) == ("done", 0)
    if tickets == 2:
        assert "Earlier: OPS-1" in next(leaves(jira.issues["OPS-2"]["description"]))["text"]


def test_a_workflow_without_a_way_leaves_it_to_the_comment():
    jira = Jira(ways=())
    told = Telling(FACTORY, OPTIONS, jira)
    assert isinstance(told.say(notice(), notice(sequence=2, status="resolved"))[1], Ok)
    assert state(jira.issues["OPS-1"]) == ("new", 1)


def test_what_a_screen_does_not_have():
    """No priority: left out. No labels: no ticket, for it would not be found again."""
    assert isinstance(Telling(FACTORY, OPTIONS, Jira(no_field=("priority",))).say(notice())[0], Ok)
    (found,) = Telling(FACTORY, OPTIONS, Jira(no_field=("labels",))).say(notice())
    assert found == Reject("Jira does not take it (labels)")


@pytest.mark.parametrize("befalls", ["lost", "hang", "500"])
def test_never_two_after_a_lost_answer(befalls):
    """The search does not know the ticket for twenty seconds."""
    jira = Jira(["", "", befalls])
    told = Telling(FACTORY, OPTIONS, jira)
    told.live([(0.0, notice())], 300)
    assert jira.asked[2].path.endswith("/issue")
    assert sum(one.path.endswith("/issue") for one in jira.asked) == (2 if befalls == "500" else 1)
    assert len(jira.issues) == 1
    assert told.outcomes == {"enqueued": 1, "exported": 1}


@pytest.mark.parametrize("kill", [45.15, 45.2, 46.0, 60.0])
def test_never_two_after_a_death(kill):
    jira = Jira()
    told = Telling(FACTORY, OPTIONS, jira)
    told.live([(0.0, notice())], 300, kill)
    assert [one["made"] < kill for one in jira.issues.values()] == [True]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_text(text):
    """Nodes of text without marks but ours; no link."""
    for document in (described(hostile(text)), plainly(hostile(text)), remark(hostile(text))):
        assert list(problems(document)) == []
        assert not any("://" in leaf["text"] or "evil.example" in leaf["text"] for leaf in leaves(document))
    assert isinstance(Telling(FACTORY, OPTIONS, Jira()).say(hostile(text))[0], Ok)


ANSWERS = {"429": Retry, "500": Retry, "401": Blocked, "403": Blocked, "404": Blocked, "400": Reject, "cut": Retry}


@pytest.mark.parametrize(("befalls", "kind"), ANSWERS.items(), ids=ANSWERS)
def test_answers(befalls, kind):
    assert isinstance(Telling(FACTORY, OPTIONS, Jira([befalls])).say(notice())[0], kind)


def test_options():
    assert "s3cret" not in repr(JiraConfig.model_validate(OPTIONS))
    for wrong in (
        {"project": 'X" OR project = Y'},
        {"endpoint": "http://jira.example"},
        {"labels": ["a b"]},
        {"email": "a:b@c.d"},
    ):
        with pytest.raises(ValidationError):
            JiraConfig.model_validate({**OPTIONS, **wrong})
