"""`logboom try` and `logboom test`: a configuration's own processors and connectors, no service around them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from collector.cli import app

ROOT = Path(__file__).parents[3]
CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: "localhost:0"}}}}
processors:
  filter/noise: {logs: {log_record: ['severity_number < SEVERITY_NUMBER_INFO']}}
  transform:
    log_statements:
      - replace_pattern(log.body, "password=\\\\S+", "password=***")
      - set(log.attributes["seen"], true)
  attributes/errors: {actions: [{key: page, value: "${env:WHOM:-ops}", action: insert}]}
connectors:
  routing:
    table: [{context: log, condition: severity_number >= SEVERITY_NUMBER_ERROR, pipelines: [logs/errors]}]
    default_pipelines: [logs/rest]
exporters: {debug: {}, file: {path: all.json}}
service:
  pipelines:
    logs: {receivers: [otlp], processors: [filter/noise, transform], exporters: [routing]}
    logs/errors: {receivers: [routing], processors: [attributes/errors], exporters: [debug, file]}
    logs/rest: {receivers: [routing], exporters: [file]}
"""
RECORDS = [
    {"body": "login password=hunter2", "severity": "INFO", "attributes": {"user": "ann"}},
    {"body": "noise", "severity": "DEBUG"},
    {"body": "boom", "severity": "ERROR", "resource": {"service.name": "shop"}},
]
SHOWN = """\
logs: 3 records
    1  {"body":"login password=hunter2","severity":"INFO","attributes":{"user":"ann"},"time_unix_nano":1}
    2  {"body":"noise","severity":"DEBUG","time_unix_nano":1}
    3  {"body":"boom","severity":"ERROR","resource":{"service.name":"shop"},"time_unix_nano":1}
logs > filter/noise: 2 records
    2  left out
logs > transform: 2 records
    1  ~ body: "login password=hunter2" → "login password=***"
       + attributes["seen"]: true
    3  + attributes["seen"]: true
logs ends: 2 records → routing
logs/errors: 1 record
    3  {"body":"boom","severity":"ERROR","attributes":{"seen":true},"resource":{"service.name":"shop"},"time_unix_nano":1}
logs/errors > attributes/errors: 1 record
    3  + attributes["page"]: "ops"
logs/errors ends: 1 record → debug, file
logs/rest: 1 record
    1  {"body":"login password=***","severity":"INFO","attributes":{"user":"ann","seen":true},"time_unix_nano":1}
logs/rest ends: 1 record → file
"""


def logboom(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=given, env={"COLUMNS": "200"})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A file in a folder of its own."""
    file = tmp_path / "shop.yaml"
    file.write_text(CONFIG)
    return file


def at_one(records: list[dict]) -> list[dict]:
    return [{**record, "time_unix_nano": 1} for record in records]


def observed(text: str) -> str:
    """Without the time of receipt, which is now."""
    return "\n".join(
        line.split(',"observed_time_unix_nano"')[0] + "}" * ("observed_time" in line) for line in text.split("\n")
    )


def test_each_stage_is_shown_with_what_it_changed(config: Path) -> None:
    result = logboom("try", "-c", str(config), given=json.dumps(at_one(RECORDS)))
    assert result.exit_code == 0
    assert observed(result.stdout) == SHOWN


def test_programs_get_a_record_a_line(config: Path) -> None:
    result = logboom("try", "-c", str(config), "--json", given="\n".join(map(json.dumps, RECORDS)))
    found = [json.loads(line) for line in result.stdout.splitlines()]
    stages = [(one["pipeline"], one["stage"]) for one in found]
    assert stages[:4] == [("logs", "received")] * 3 + [("logs", "filter/noise")]
    [left] = [one for one in found if one["pipeline"] == "logs/errors" and one["stage"] == "left"]
    assert left["exporters"] == ["debug", "file"]
    assert left["record"]["attributes"] == {"seen": True, "page": "ops"}
    assert left["id"] == found[2]["id"]


OTLP = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "otlp"}, "severityNumber": 17}]}]}]}


@pytest.mark.parametrize(
    "text", [json.dumps(OTLP), json.dumps(OTLP) + "\n" + json.dumps(OTLP), json.dumps([OTLP])], ids=["one", "lines", "list"]
)  # fmt: skip
def test_requests_are_records_too(config: Path, text: str) -> None:
    """As the exporter `file` writes them."""
    result = logboom("try", "-c", str(config), "--json", given=text)
    assert result.stdout.count('"pipeline":"logs","stage":"received"') == text.count("stringValue")


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        ([], "{", "no JSON at line 1"),
        ([], "", "there are no records"),
        ([], "[1]", "a record is an object"),
        ([], '{"boddy": 1}', "has no field 'boddy'"),
        ([], json.dumps([RECORDS[0], OTLP]), "do not mix"),
        (["--pipeline", "logs/none"], "{}", "there is no pipeline 'logs/none'; there is logs, logs/errors, logs/rest"),
        (["--wait", "soon"], "{}", "--wait: 'soon' is not a duration"),
        (["absent.json"], "", "absent.json: No such file"),
    ],
)
def test_what_says_nothing_is_told(config: Path, arguments: list[str], given: str, said: str) -> None:
    """Exit code 2."""
    result = logboom("try", "-c", str(config), *arguments, given=given)
    assert result.exit_code == 2
    assert said in result.stderr


SUITE = """
config: shop.yaml
env: {WHOM: ann}
tests:
  - name: passwords never leave
    input:
      - {body: "login password=hunter2", severity: INFO, attributes: {user: ann}}
      - {body: noise, severity: 5}
    expect:
      - {pipeline: logs/rest, records: [{body: "login password=***", severity: 9, attributes: {user: ann, seen: true}}]}
      - {behind: filter/noise, count: 1, any: ['IsMatch(body, "hunter")']}
      - {all: ['log.attributes["seen"] == true', 'not IsMatch(body, "hunter2")']}
  - name: errors call ann
    input: [{body: boom, severity: ERROR}]
    expect: [{pipeline: logs/errors, records: [{attributes: {page: ann, seen: true}}], events: []}, {pipeline: logs/rest, count: 0}]
"""


def suite(config: Path, text: str) -> str:
    file = config.with_name("shop.test.yaml")
    file.write_text(text)
    return str(file)


def test_a_suite_that_holds(config: Path) -> None:
    result = logboom("test", suite(config, SUITE))
    assert result.stdout.splitlines()[-1] == "2 tests, 0 failed"
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("password=***", "password=+++", ['logs/rest: otherwise: {"body":"login password=***"', 'body: - "login password=+++"', '+ "login password=***"']),
        ("{user: ann, seen: true}", "{user: ann}", ['attributes["seen"]: - (absent)', "+ true"]),
        ("severity: 9", "severity: 9, time_unix_nano: 5", ["time_unix_nano: - 5", "+ (absent)"]),
        ("count: 1", "count: 2", ["logs, behind filter/noise: 2 expected, 1 left"]),
        ("IsMatch(body, \"hunter\")", "IsMatch(body, \"nobody\")", ["logs, behind filter/noise: of none of 1: IsMatch"]),
        ("not IsMatch(body, \"hunter2\")", "IsMatch(body, \"hunter2\")", ["logs: not so: IsMatch", '"body":"login password=***"']),
        ("events: []", "events: [{event_name: x}]", ["1 events expected, 0 left", 'missing: {"event_name":"x"}']),
        ("{pipeline: logs/rest, count: 0}", "{pipeline: logs/rest, records: [{body: x}]}", ['missing: {"body":"x"}']),
        ("records: [{attributes: {page: ann, seen: true}}]", "records: []", ["0 records expected, 1 left", "not expected: {"]),
    ],
)  # fmt: skip
def test_what_is_otherwise_is_told_and_fails(config: Path, before: str, after: str, said: list[str]) -> None:
    assert before in SUITE
    result = logboom("test", suite(config, SUITE.replace(before, after, 1)))
    assert result.exit_code == 1
    assert "2 tests, 1 failed" in result.stdout
    assert [text for text in said if text not in result.stdout] == []


def test_a_part_of_them_for_programs(config: Path) -> None:
    result = logboom("test", suite(config, SUITE), "--json", "-k", "ann")
    assert json.loads(result.stdout) == {"file": str(config.with_name("shop.test.yaml")), "test": "errors call ann", "ok": True, "differences": []}  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("count: 1, any: ['IsMatch(body, \"hunter\")']", "", "tests.0.expect.1: Value error, nothing is expected"),
        ("tests:", "texts:", "texts: Extra inputs are not permitted"),
        ("behind: filter/noise", "behind: filter/none", "no processor 'filter/none' in logs: there is filter/noise, transform"),
        ("pipeline: logs/errors", "pipeline: logs/none", "'logs/none' gets none of this"),
        ("not IsMatch(body, \"hunter2\")", "nonsense(", "nonsense("),
        ("{body: boom, severity: ERROR}", "{boddy: boom}", "errors call ann: a record has no field 'boddy'"),
        ("config: shop.yaml", "", "names no configuration, and there is no --config"),
        ("config: shop.yaml", "config: absent.yaml", "absent.yaml"),
        ("\ntests:", "\n  tests:", "is no YAML"),
    ],
)  # fmt: skip
def test_a_suite_that_is_wrong_is_told(config: Path, before: str, after: str, said: str) -> None:
    """Exit code 2: nothing was tested."""
    assert before in SUITE
    result = logboom("test", suite(config, SUITE.replace(before, after, 1)))
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("file", sorted((ROOT / "config" / "tests").glob("*.yaml")), ids=lambda file: file.name)
def test_examples_hold(file: Path) -> None:
    """What stands in config/ is run."""
    result = logboom("test", str(file))
    assert (result.exit_code, result.stdout.splitlines()[-1][-8:]) == (0, "0 failed"), result.stdout


def test_the_documented_example_holds(tmp_path: Path) -> None:
    """The two blocks of the README are run as they stand."""
    text = (ROOT / "collector" / "cli" / "trying" / "README.md").read_text()
    config, tests = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "shop.yaml").write_text(config)
    result = logboom("test", suite(tmp_path / "shop.yaml", tests))
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "1 test, 0 failed"), result.stdout
