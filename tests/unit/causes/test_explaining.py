"""What a store knows of an issue's cause."""

import json

import polars as pl
import pytest

from collector.causes.explaining import explain_issue
from collector.samples import batch_of
from collector.scope import Scope
from collector.store.describing import described
from collector.store.embedded import EmbeddedStore
from collector.store.reading import opened
from collector.store.rows import Limits, rows
from collector.testing.events import marked

MINUTE = 60 * 10**9
ONSET = 1_700_000_000 * 10**9
ERROR = 'connection to server at "db-1", port 5432 failed: Connection refused'


def said(at, number, body="order accepted", version="1.0", severity="INFO", issue=None, **attributes):
    """A record of the shop, `number` tenths of a second into a minute."""
    own = {"logboom.issue.id": issue} if issue else {}
    return {"time_unix_nano": at + number * 10**8, "body": body, "severity": severity, "attributes": own | attributes,
            "resource": {"service.name": "shop", "service.version": version}}  # fmt: skip


def event(kind, at, **attributes):
    """Something that a component made."""
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    return {"time_unix_nano": at, "body": kind, "event_name": kind, "attributes": named}


def issue(id_, kind="created", at=ONSET, last=ONSET + MINUTE, version=1, **more):
    attributes = {
        "logboom.issue.id": id_, "logboom.issue.first_seen": ONSET, "logboom.issue.last_seen": last, "service.name": "shop",
        "logboom.issue.type": "OperationalError", "logboom.issue.title": "no database", "logboom.issue.activity": version,
        "logboom.issue.change": kind, "logboom.version": version, **{f"logboom.issue.{name}": value for name, value in more.items()},
    }  # fmt: skip
    return {**event(f"logboom.issue.{kind}", at), "attributes": attributes}


def deployment(at, version):
    attributes = {"logboom.deployment.id": f"d{version}", "service.name": "shop", "service.version": version,
                  "deployment.environment.name": "production", "logboom.version": 1}  # fmt: skip
    return {**event("logboom.deployment", at), "attributes": attributes}


@pytest.fixture
def written(tmp_path):
    """Writes samples of a domain into a store; gives its path."""

    def write(samples, domain="a.com"):
        store = EmbeddedStore(tmp_path / "store.db")
        store.open()
        batch = marked(batch_of(samples, domain), [sample.get("event_name", "") for sample in samples])
        batch = batch.with_fields({"record_id": pl.Series([f"{n:026d}" for n in range(len(samples))])})
        store.insert(rows(batch, Limits()), described(batch, 4096))
        store.close()
        return tmp_path / "store.db"

    return write


def explained(path, id_="i1", domain="a.com", scope=None):
    with opened(path, scope or Scope.of(domain)) as connection:
        return explain_issue(connection, domain, id_)


USUAL = [said(ONSET - 2 * MINUTE, n * 20) for n in range(60)] + [said(ONSET, n * 20, version="1.1") for n in range(10)]


def test_the_cause_of_an_issue_is_what_was_deployed_before_it(written):
    errors = [said(ONSET, n * 10 + 5, ERROR, "1.1", "ERROR", "i1") for n in range(40)]
    old = [said(ONSET, n * 20, version="1.0") for n in range(30)]
    found = explained(written([*USUAL, *old, *errors, deployment(ONSET - 4 * MINUTE, "1.1"), issue("i1")]))
    assert found.cause.records == 40
    assert "shop 1.1 (deployed 4 min before" in found.cause.sentence
    assert found.suggestions[0].place == "deployment"
    assert any(one.target == "db-1" for one in found.suggestions)
    assert any(line.startswith("cause: ") for line in found.lines())
    assert json.loads(json.dumps(found.document()))["records"] == 40


def test_how_it_was_resolved_before_is_told(written):
    errors = [said(ONSET, n * 10, "status 77", severity="ERROR", issue="i1") for n in range(10)]
    resolved = issue("i1", "resolved", ONSET - 100 * MINUTE, version=1, who="ann", why="restarted the converter")
    found = explained(written([*USUAL, *errors, resolved, issue("i1", "regressed", version=2)]))
    assert found.suggestions[0].sentence == "it was resolved before by ann (2 h before): restarted the converter"


def test_records_of_issues_that_were_merged_into_it_count(written):
    errors = [said(ONSET, n * 10, ERROR, severity="ERROR", issue=f"i{1 + n % 2}") for n in range(20)]
    found = explained(written([*USUAL, *errors, issue("i1"), issue("i2", "merged", merged_into="i1", state="merged")]))
    assert found.cause.records == 20


def test_an_issue_that_is_not_there_has_no_cause(written):
    path = written([*USUAL, issue("i1")])
    assert explained(path, "i9") is None
    assert explained(path, "i1").cause.sentence == ""


def test_a_reader_of_one_domain_learns_nothing_of_another(written):
    errors = [said(ONSET, n * 10, ERROR, severity="ERROR", issue="i1") for n in range(10)]
    path = written([*errors, issue("i1")], "b.com")
    assert explained(path, domain="b.com", scope=Scope.of("a.com")) is None
    assert explained(path, domain="a.com", scope=Scope.everything()) is None


def test_a_store_gives_the_same_frame_as_the_batch(written):
    from collector.causes.frame import frame
    from collector.causes.onset import Window
    from collector.causes.stored import read

    sample = said(ONSET, 1, "GET /x 500", issue="i1", **{"exception.type": "KeyError", "http.route": "/x", "code.function.name": "f",
                                                          "code.line.number": 8})  # fmt: skip
    path = written([sample])
    with opened(path, Scope.everything()) as connection:
        stored, issues = read(connection, "a.com", Window(ONSET, ONSET + MINUTE), 10)
    assert stored.equals(frame(batch_of([sample], "a.com")))
    assert issues.to_list() == ["i1"]


def test_a_number_that_moved_is_told(written):
    """A duration, and neither ids nor what stays."""
    slow = [
        said(
            ONSET,
            n * 10,
            "too slow",
            severity="ERROR",
            issue="i1",
            **{"db.duration_ms": 800 + n, "user.id": n, "rows": 5},
        )
        for n in range(40)
    ]
    usual = [
        said(ONSET - MINUTE, n * 10, **{"db.duration_ms": 12 + n % 5, "user.id": 900 + n, "rows": 5}) for n in range(40)
    ]
    found = explained(written([*usual, *slow, issue("i1")]))
    [moved] = [one for one in found.cause.findings if one.kind == "measure"]
    assert moved.sentence == "db.duration_ms: its median was 14 and is 819.5"


def test_what_only_some_say_is_told(written):
    """An attribute of its own, and a key in lines: among those that say it at all, in this minute and before."""
    kinds = ["free", "free", "free", "premium"]
    usual = [
        said(ONSET - 48 * 10**9, n * 10, f"checkout done plan={kinds[n % 4]} id={n}", user_type=kinds[n % 4])
        for n in range(48)
    ]
    silent = [said(ONSET, n * 10 + 1, "nothing to do") for n in range(40)]
    errors = [
        said(
            ONSET,
            n * 10,
            f"checkout failed plan=premium id={900 + n}",
            severity="ERROR",
            issue="i1",
            user_type="premium",
        )
        for n in range(30)
    ]
    found = explained(written([*usual, *silent, *errors, issue("i1")]))
    (told,) = [one for one in found.cause.findings if "user_type" in one.subject]
    assert told.subject == {"user_type": "premium", "plan": "premium"}
    assert told.sentence == "all of 30 events have plan premium and user_type premium (25 % of other records)"
    assert any("user_type premium" in line for line in found.lines())


def test_words_that_tell_nothing_are_not_told(written):
    """One value, ids, and words that hardly any of the errors say."""
    usual = [said(ONSET - MINUTE, n * 10, f"done id=u{n} zone=a", request=f"r{n}") for n in range(48)]
    errors = [said(ONSET, n * 10, f"failed id=u{n} zone=a", severity="ERROR", issue="i1", request=f"r{n}", **({"flag": "x" if n else "y"} if n < 5 else {}))
              for n in range(30)]  # fmt: skip
    found = explained(written([*usual, *errors, issue("i1")]))
    assert not {"id", "zone", "request", "flag"} & {name for one in found.cause.findings for name in one.subject}
