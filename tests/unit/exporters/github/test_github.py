"""Issues on GitHub: one for each group, in step with it, whatever befalls the calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from markdown_it import MarkdownIt
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
from counterparts.vendors.github import REPOSITORY, TOKEN, GitHub
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import notice
from counterparts.vendors.told import Telling
from exporters.github import FACTORY
from exporters.github.config import GithubConfig
from exporters.github.exporter import GithubExporter
from exporters.github.markdown import body, remark

OPTIONS = {"token": TOKEN, "repository": REPOSITORY, "labels": ["incident"], "on_resolve": "close"}


@pytest.fixture(autouse=True)
def settled(request, monkeypatch):
    """Without an engine nothing waits."""
    if not request.node.name.startswith("test_never_two"):
        monkeypatch.setattr(GithubExporter, "settles_secs", 0.0)


def test_an_issue_is_created_commented_closed_and_opened_again():
    hub = GitHub()
    told = Telling(FACTORY, OPTIONS, hub)
    told.say(notice(), notice(sequence=2))
    (issue,) = hub.issues
    assert issue["labels"] == ["logboom-0123456789abcdef", "incident"]
    assert "payment failed after 812 ms" in issue["body"]
    assert len(issue["comments"]) == 1
    told.say(notice(sequence=3, status="resolved"))
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    told.say(notice(sequence=4))
    assert (issue["state"], len(hub.issues)) == ("open", 1)


TABLE = {  # what stands there: state, reason, closed so many hours ago; → issues, state of the first, comments
    "open": ("open", None, None, 1, "open", 1), "closed lately": ("closed", "completed", 1, 1, "open", 1),
    "closed long ago": ("closed", "completed", 100, 2, "closed", 0), "not planned": ("closed", "not_planned", 1, 1, "closed", 0),
}  # fmt: skip


@pytest.mark.parametrize(("state", "reason", "hours", "issues", "after", "comments"), TABLE.values(), ids=TABLE)
def test_what_stands_there_decides(state, reason, hours, issues, after, comments):
    """Of a group that goes on."""
    hub = GitHub()
    told = Telling(FACTORY, OPTIONS, hub)
    told.say(notice())
    closed = None if hours is None else (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    hub.issues[0] |= {"state": state, "state_reason": reason, "closed_at": closed}
    told.say(notice(sequence=2))
    assert (len(hub.issues), hub.issues[0]["state"], len(hub.issues[0]["comments"])) == (issues, after, comments)
    if issues == 2:
        assert "Earlier: #1" in hub.issues[1]["body"]


@pytest.mark.parametrize("status", ["open", "closed", "none"])
def test_what_is_over(status):
    """A closed one is left alone, none is made."""
    hub = GitHub()
    told = Telling(FACTORY, OPTIONS, hub)
    if status != "none":
        told.say(notice())
        hub.issues[0]["state"] = status
    assert isinstance(told.say(notice(sequence=2, status="resolved"))[0], Ok)
    assert [(one["state"], len(one["comments"])) for one in hub.issues] == (
        [] if status == "none" else [("closed", status == "open")]
    )


def test_people_close_unless_told_otherwise():
    hub = GitHub()
    Telling(FACTORY, {**OPTIONS, "on_resolve": "comment"}, hub).say(notice(), notice(sequence=2, status="resolved"))
    assert (hub.issues[0]["state"], len(hub.issues[0]["comments"])) == ("open", 1)


@pytest.mark.parametrize("drops", [False, True], ids=["by label", "by body, labels dropped"])
@pytest.mark.parametrize("befalls", ["lost", "hang"])
def test_never_two_after_a_lost_answer(befalls, drops):
    """List, search, create: the third call's answer is lost; the search knows of it five seconds later."""
    hub = GitHub(["", "", "", "", befalls], drops_labels=drops)
    told = Telling(FACTORY, OPTIONS, hub)
    told.live([(0.0, notice())], 200)
    assert len(hub.issues) == 1
    assert told.outcomes == {"enqueued": 1, "exported": 1}


@pytest.mark.parametrize("kill", [15.15, 15.2, 16.0, 17.0])
@pytest.mark.parametrize("drops", [False, True], ids=["by label", "by body"])
def test_never_two_after_a_death(kill, drops):
    """Nothing of the first process is known."""
    hub = GitHub(drops_labels=drops)
    told = Telling(FACTORY, OPTIONS, hub)
    told.live([(0.0, notice())], 200, kill)
    assert [one["made"] < kill for one in hub.issues] == [True]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_in_code(text):
    """Read as CommonMark with autolinks: no link, no picture, no HTML, no mention outside of code; one list, one rule, and blocks."""
    for written in (body(hostile(text)), remark(hostile(text))):
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(written)
        leaves = [leaf for token in tokens for leaf in (token.children or [token])]
        assert {leaf.type for leaf in leaves} <= {
            "text", "code_inline", "strong_open", "strong_close", "softbreak", "fence", "hr", "bullet_list_open", "bullet_list_close",
            "list_item_open", "list_item_close", "paragraph_open", "paragraph_close",
        }  # fmt: skip
        plain = "".join(leaf.content for leaf in leaves if leaf.type == "text")
        assert not set(plain) & set("@#<>[]:")
    hub = GitHub()
    assert isinstance(Telling(FACTORY, OPTIONS, hub).say(hostile(text))[0], Ok)


ANSWERS = {
    "429": Retry,
    "500": Retry,
    "401": Blocked,
    "403": Blocked,
    "404": Blocked,
    "410": Blocked,
    "422": Split,
    "cut": Retry,
}


@pytest.mark.parametrize(("befalls", "kind"), ANSWERS.items(), ids=ANSWERS)
def test_answers(befalls, kind):
    assert isinstance(Telling(FACTORY, OPTIONS, GitHub([befalls])).say(notice())[0], kind)


def test_a_limit_may_be_403():
    class Limited(GitHub):
        def told_off(self, status):
            answer = super().told_off(status)
            return type(answer)(403, {"x-ratelimit-remaining": "0"}, answer.body)

    (found,) = Telling(FACTORY, OPTIONS, Limited(["429"])).say(notice())
    assert isinstance(found, Retry)
    assert found.after_secs == 60


def test_options():
    assert TOKEN not in repr(GithubConfig.model_validate(OPTIONS))
    for wrong in (
        {"repository": "a/b/../c"},
        {"repository": "a"},
        {"endpoint": "http://hub.example"},
        {"labels": ["a,b"]},
    ):
        with pytest.raises(ValidationError):
            GithubConfig.model_validate({**OPTIONS, **wrong})
