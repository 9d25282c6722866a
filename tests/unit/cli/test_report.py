"""A report of what a period brought, in four formats; hostile text in it is shown and nothing more."""

from __future__ import annotations

import html.parser
import json
import time

import polars as pl
import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.domains.costs import FILE, periods_at
from collector.samples import batch_of
from collector.store.describing import described
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.events import marked

NOW = time.time_ns()
MINUTE, DAY = 60 * 10**9, 86_400 * 10**9
HOSTILE = "<script>alert(1)</script> | [x](javascript:alert(1)) `a` \x1b[31m\u202e **b** &lt;"


def log(age, service="shop", level="info", issue=None, pattern=None):
    derived = {"logboom.triage.level": level, "logboom.issue.id": issue, "logboom.pattern.id": pattern}
    return {"body": "said", "time_unix_nano": NOW - age, "resource": {"service.name": service},
            "attributes": {key: value for key, value in derived.items() if value}}  # fmt: skip


def event(kind, age, version, **said):
    attributes = {
        "logboom.version": version,
        **{f"logboom.{key.replace('__', '.')}": value for key, value in said.items()},
    }
    return {"event_name": kind, "time_unix_nano": NOW - age, "attributes": attributes | {"service.name": "shop"}}


def issue(change, age, version, title="no disk", **said):
    seen = {"issue__id": "i1", "issue__change": change, "issue__activity": version, "issue__first_seen": NOW - 2 * DAY,
            "issue__last_seen": NOW - DAY, "issue__title": title, "issue__priority": "high", "issue__level": "critical"}  # fmt: skip
    return event(f"logboom.issue.{change}", age, version, **seen, **said)


PATTERN = {"pattern__id": "p1", "pattern__first_seen": NOW - DAY, "pattern__template": f"new <*> {HOSTILE}"}


@pytest.fixture
def run(tmp_path):
    """Runs `logboom report` on a store of two domains."""
    samples = [log(DAY, level="critical", issue="i1", pattern="p1")] * 12 + [log(9 * DAY)] * 5 + [log(DAY)] * 30
    samples += [log(DAY, HOSTILE, "warning")] * 3
    samples += [
        issue("created", 2 * DAY, 1, HOSTILE, issue__state="new", issue__cause="all from shop 1.1"),
        issue("assigned", 2 * DAY - 30 * MINUTE, 2, HOSTILE, issue__state="new", issue__assignee="ann"),
        issue("resolved", 2 * DAY - 90 * MINUTE, 3, HOSTILE, issue__state="resolved"),
        event("logboom.pattern.changed", DAY, 1, **PATTERN),
    ]
    store = EmbeddedStore(tmp_path / "store.db")
    store.open()
    for number, (domain, own) in enumerate({"a.com": samples, "b.com": [log(DAY, "other")] * 7}.items()):
        batch = marked(batch_of(own, domain), [sample.get("event_name", "") for sample in own])
        ids = pl.Series([f"{number:06d}{n:020d}" for n in range(len(own))])
        batch = batch.with_fields({"record_id": ids}).with_attributes(
            {key: batch.attribute(key) for key in ("logboom.triage.level", "logboom.issue.id", "logboom.pattern.id")}
        )
        store.insert(rows(batch, Limits()), described(batch, 4096))
    store.close()

    def invoke(*arguments):
        return CliRunner().invoke(app, ["report", *arguments, "--data-dir", str(tmp_path)])

    return invoke


def test_a_report_tells_all_of_a_week(run):
    told = json.loads(run("--json").stdout)
    assert [(row["level"], row["records"], row["records_before"]) for row in told["volume"]] == [
        ("critical", 12, 0), ("warning", 3, 0), ("info", 37, 5),
    ]  # fmt: skip
    assert sum(told["trend"]["info"]) == 37
    [repair] = told["repair"]
    assert (repair["mtta_median_secs"], repair["mttr_median_secs"], repair["unresolved"]) == (1800.0, 5400.0, 0)
    [issue] = told["issues"]
    assert (issue["issue_id"], issue["events"], issue["state"], issue["cause"]) == ("i1", 12, "resolved", None)
    [pattern] = told["new_patterns"]
    assert (pattern["pattern_id"], pattern["records"], pattern["urgent"]) == ("p1", 12, 12)
    first = told["noisy_services"][0]
    assert (first["service"], first["critical"]) == ("shop", 12)


def test_what_was_kept_and_what_it_costs(run, tmp_path):
    """Of the period; sizes are those of the newest records, prices those of the configuration, and what was billed stands in the book of the service."""
    prices = "exporters: {sqlite: }\nservice: {domains: {costs: {prices: {sqlite: {records: 1000000}}}}, pipelines: {logs: {receivers: [otlp], exporters: [sqlite]}}}"
    config = tmp_path / "own.yaml"
    config.write_text(f"receivers: {{otlp: {{protocols: {{grpc: }}}}}}\n{prices}\n")
    told = json.loads(run("--json").stdout)
    assert [(row["domain"], row["records"], row["cost"]) for row in told["kept"]] == [
        ("a.com", 45, None),
        ("b.com", 7, None),
    ]
    for row in told["kept"]:
        assert 300 < row["bytes"] / row["records"] < 1000
        assert row["bytes_a_month"] / row["bytes"] == pytest.approx(30 / 7, rel=0.01)
    assert told["spent"] == []
    assert "What destinations billed" not in run().stdout
    periods = periods_at(time.time())
    spent = {"a.com": {"day": 1.25, "month": 7.5}, "b.com": {"day": 0.5, "month": 0.5}}
    (tmp_path / FILE).write_text(json.dumps({"format": 1, "periods": periods, "spent": spent}))
    dear = json.loads(run("--json", "--domain", "a.com", "--config", str(config)).stdout)
    assert [(row["domain"], row["cost"]) for row in dear["kept"]] == [("a.com", 45.0)]
    assert dear["spent"] == [{"domain": "a.com", "today": 1.25, "this_month": 7.5}]
    text = run("--config", str(config)).stdout
    assert [line.split() for line in text.splitlines() if line.startswith("a.com ")][-1] == ["a.com", "1.25", "7.50"]


def test_a_domain_reads_of_itself_alone(run):
    told = json.loads(run("--domain", "b.com", "--json").stdout)
    assert [row["records"] for row in told["volume"]] == [7]
    assert (told["issues"], told["new_patterns"], told["repair"]) == ([], [], [])
    assert {row["domain"] for row in told["noisy_services"]} == {"b.com"}
    assert "a.com" not in run("--domain", "b.com").stdout


def test_a_day_without_anything_is_told_as_such(run):
    text = run("--since", "60d", "--until", "50d").stdout
    assert "No records." in text
    assert "No issues." in text


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.text = set(), ""

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        assert not {name for name, _ in attrs} - {"lang", "charset", "class", "http-equiv", "content"}

    def handle_data(self, data):
        self.text += data


def test_hostile_text_makes_no_tag_in_html(run):
    page = run("--format", "html").stdout
    tags = Tags()
    tags.feed(page)
    assert (
        tags.found
        == {
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "h1",
            "h2",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "p",
        }
        & tags.found
    )
    assert "<script>alert(1)</script>" in tags.text
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_hostile_text_makes_no_cell_link_or_tag_in_markdown(run):
    lines = run("--format", "markdown").stdout.splitlines()
    [title] = [line for line in lines if line.startswith("| i1")]
    assert title.replace("\\|", "").count("|") == 8
    assert "](" not in title
    assert "<script" not in title


def test_hostile_text_steers_no_terminal(run):
    text = run().stdout
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "MTTR" in text


@pytest.mark.parametrize(
    "arguments", [("--since", "soon"), ("--since", "1d", "--until", "2d"), ("--format", "pdf")], ids=str
)
def test_what_says_nothing_is_refused(run, arguments):
    assert run(*arguments).exit_code == 2


def test_without_a_store_there_is_none(tmp_path):
    assert CliRunner().invoke(app, ["report", "--data-dir", str(tmp_path)]).exit_code == 1
