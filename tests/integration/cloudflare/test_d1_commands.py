"""Commands that read a store say of D1 what they say of the file: issues and their causes, reports, anomalies, patterns, explanations."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from collector.batch import concat
from collector.cli import app

ALL = ("--since", "2020-01-01")


@pytest.fixture(scope="module")
def said(both):
    """Runs a command on the file and on D1."""
    folder, options, batches = both
    (folder / "logboom.yaml").write_text(json.dumps(_config(options)))
    record = str(concat(batches[:1]).column("record_id")[60])

    def run(words):
        named = [word.replace("RECORD", record) for word in words]
        config = ["--config", str(folder / "logboom.yaml")]
        way = [["--data-dir", str(folder), *config], ["--store", "d1", *config]]
        found = [CliRunner().invoke(app, [*named, *each], env={"COLUMNS": "200"}) for each in way]
        assert [each.exit_code for each in found] == [0, 0], [each.output for each in found]
        return [each.stdout for each in found]

    return run


def _config(options):
    d1 = {name: options[name] for name in ("account_id", "api_token", "base_url", "database_id")}
    receivers = {"otlp": {"protocols": {"http": {"endpoint": "localhost:0"}}}}
    pipeline = {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["d1"]}
    processors = {"categorize": {}, "triage": {}}
    return {
        "receivers": receivers,
        "processors": processors,
        "exporters": {"d1": d1},
        "service": {"pipelines": {"logs": pipeline}},
    }


OF_THEN = ("--since", "2027-01-01", "--until", "2027-02-01", "--json")
COMMANDS = {
    "a search": ["search", 'disk level:>=info severity:[9 TO 24] -service:till', *OF_THEN], "how many": ["search", "--by", "level", *OF_THEN],
    "how many of rows": ["search", "is full", "--by", "resource.service.version", *OF_THEN],
    "a tail": ["tail", "--no-follow", "-n", "50", "-q", "disk resource.service.version:1.1 severity:>=error"],
    "issues": ["issues", "list", *ALL, "--state", "all", "--json"], "a report": ["report", "--since", "2027-01-01", "--until", "2027-02-01", "--json"],
    "anomalies": ["anomalies", *ALL, "--pages", "--json"], "patterns": ["patterns", *ALL, "--json"], "an explanation": ["explain", "RECORD", "--json"],
}  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("domain", [[], ["--domain", "a.com"]], ids=["all", "one domain"])
def test_they_say_the_same(said, words, domain):
    """Of all, and of a domain."""
    file, d1 = said([*words, *domain])
    assert file == d1
    assert file.strip(), "there is something to say"


def test_an_issue_and_its_cause(said):
    """Its page, and what is said to machines; what changed is found in the records."""
    (listed_, _) = said([*COMMANDS["issues"]])
    issue = json.loads(listed_)["issue_id"]
    pages = said(["issues", "show", issue])
    assert pages[0] == pages[1]
    assert "more disk" in pages[0]
    (file, d1) = map(json.loads, said(["issues", "show", issue, "--json"]))
    assert file == d1
    assert file["explained"]["records_compared"] > 40


def test_who_reads_for_another_domain_sees_none(said):
    """Of D1 as of the file."""
    assert said(["issues", "list", *ALL, "--domain", "b.com"]) == ["no issues\n"] * 2
