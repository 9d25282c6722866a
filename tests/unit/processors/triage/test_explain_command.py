"""`logboom explain` on the default configuration, and on the rules of another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from collector.cli import app
from collector.samples import batch_of
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows

RECORD = {
    "body": "could not write: no space left on device",
    "severity": "ERROR",
    "attributes": {"url.path": "/api/users/4"},
    "resource": {"service.name": "shop-prod"},
}


def explain(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(app, ["explain", *arguments], input=text)


def lines_of(result: Result, subject: str) -> list[str]:
    return [" ".join(line.split()) for line in result.output.splitlines() if subject in line]


def test_each_category_is_shown_with_its_evidence() -> None:
    result = explain(json.dumps(RECORD))
    assert result.exit_code == 0, result.output
    assert lines_of(result, "deployment.environment.name") == [
        "deployment.environment.name production resource attribute service.name"
    ]
    assert lines_of(result, "logboom.endpoint") == ["logboom.endpoint /api/users/{id} attribute url.path"]
    assert lines_of(result, "logboom.triage.level") == ["logboom.triage.level critical, alert rule resources/disk-full"]
    assert "suggestion:" in result.output


def test_json_is_an_object_a_line() -> None:
    """What decided, or with --all every piece of evidence; details as a map."""
    told = [json.loads(line) for line in explain(json.dumps(RECORD), "--json").stdout.splitlines()]
    assert all(list(one) == ["subject", "answer", "because", "decides", "details"] for one in told)
    [level] = [one for one in told if one["subject"] == "logboom.triage.level"]
    assert (level["answer"].startswith("critical"), level["decides"], "suggestion" in level["details"]) == (True,) * 3
    everything = explain(json.dumps(RECORD), "--json", "--all").stdout.splitlines()
    assert {json.loads(line)["decides"] for line in everything} == {True, False}


def test_an_otlp_request_is_read_from_standard_input() -> None:
    request = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "WARN slow"}}]}]}]}
    result = explain("-", "--all", text=json.dumps(request))
    assert "* severity_number 13 level at the start" in lines_of(result, "severity_number")
    assert len(lines_of(result, "logboom.triage.level")) > 1


def test_the_rules_of_the_configuration_are_used(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "receivers: {otlp: {protocols: {grpc: }}}\n"
        "processors: {triage: {rules: [{id: own/full, when: 'IsMatch(body, \"no space\")', level: info}]}}\n"
        "exporters: {nop: }\n"
        "service: {pipelines: {logs: {receivers: [otlp], processors: [triage], exporters: [nop]}}}\n"
    )
    result = explain(json.dumps(RECORD), "--config", str(path))
    assert lines_of(result, "logboom.triage.level") == ["logboom.triage.level info, aggregate rule own/full"]
    assert "rules" in lines_of(result, "from:")[0]


@pytest.mark.parametrize("body", ["no space left on device", {"msg": "no space left on device"}, None])
def test_a_stored_record_is_judged_again_by_its_id(tmp_path: Path, body: Any) -> None:
    batch = batch_of([{**RECORD, "body": body}], "tamyla.com")
    judged = batch.with_attributes({"logboom.component": pl.Series(["Stale"]), "kept": pl.Series(["x"])})
    store = EmbeddedStore(tmp_path / "store.db")
    store.open()
    store.insert(rows(judged, Limits()))
    store.close()
    result = explain(batch.column("record_id")[0], "--data-dir", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert lines_of(result, "logboom.component") == ["logboom.component shop-prod resource attribute service.name"]
    rule = "resources/disk-full" if body else "severity/error"
    assert rule in lines_of(result, "logboom.triage.level")[0]
    other = "0" + batch.column("record_id")[0][1:-1] + "9"
    assert "has no record" in explain(other, "--data-dir", str(tmp_path)).output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nope"], "neither a record id nor JSON"),
        (["[1]"], "a record is a JSON object"),
        (['{"bdy": 1}'], "no field 'bdy'"),
        (['{"resourceLogs": []}'], "holds no record"),
        (['{"resourceLogs": 5}'], "resourceLogs"),
        (['{"body": 1}', "--pipeline", "logs/none"], "there is no pipeline"),
        (["01KD0Z8W6YV3T9Q2M4N7P1R5XA", "--store", "/nowhere/store.db"], "store"),
    ],
)
def test_what_cannot_be_explained_is_refused(arguments: list[str], reason: str) -> None:
    result = explain(*arguments)
    assert result.exit_code == (1 if "--store" in arguments else 2)
    assert reason in result.output
