"""The whole product, from OTLP to SIEM formats: triaged records in files and at an HTTP endpoint, the same ones everywhere."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from collector.cli.traffic.payloads import templates
from collector.testing.service import Service
from counterparts.cef_reader import read_cef
from counterparts.http_recorder import Answer, HttpRecorder, Received
from counterparts.leef_reader import read_leef
from counterparts.ocsf_schema import problems

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
CODE = "c0de-of-the-intake"
PAYLOADS, RECORDS = 20, 50


def exporters(folder: Path) -> str:
    """Three files and an endpoint beside each other; the URL comes from the environment."""
    files = {f"file/{name}": {"path": str(folder / name), "format": name} for name in ("ocsf", "cef", "leef")}
    http = {"url": "${env:INTAKE}", "format": "ocsf", "ocsf": {"version": "1.3.0"}}
    pipeline = {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": [*files, "http"]}
    return json.dumps({"exporters": {**files, "http": http}, "service": {"pipelines": {"logs": pipeline}}})


def lines_of(path: Path, wanted: int) -> list[str]:
    """The lines of a file once there are as many as wanted."""
    deadline = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < wanted:
        assert time.monotonic() < deadline, f"{path.name} stays short"
        time.sleep(0.05)
    return path.read_text().split("\n")[:-1]


def busy_once() -> tuple[list[Received], HttpRecorder]:
    """An endpoint that refuses its first request for the moment."""
    seen: list[Received] = []

    def answer(request: Received) -> Answer:
        seen.append(request)
        return Answer(status=503 if len(seen) == 1 else 200)

    return seen, HttpRecorder(answer)


def send(service: Service) -> None:
    """The demo's traffic over OTLP/HTTP."""
    for at, template in enumerate(templates(5, RECORDS, PAYLOADS)):
        headers = {"Content-Type": "application/x-protobuf", "X-Logboom-Domain": template.domain}
        url = f"http://127.0.0.1:{service.http}/v1/logs"
        with urllib.request.urlopen(urllib.request.Request(url, template.numbered(at), headers)) as answer:
            assert answer.status == 200


def test_every_model_has_every_record(tmp_path: Path) -> None:
    """Valid events, the same ids in each format, the categories on board, and the URL's code in no log."""
    seen, intake = busy_once()
    with intake, Service(tmp_path, exporters(tmp_path), env={"INTAKE": f"{intake.url}/{CODE}"}) as service:
        send(service)
        events = [json.loads(line) for line in lines_of(tmp_path / "ocsf", PAYLOADS * RECORDS)]
        ids = {event["metadata"]["uid"] for event in events}
        assert len(ids) == len(events) == PAYLOADS * RECORDS
        assert [problems(json.dumps(event)) for event in events] == [[]] * len(events)
        assert Counter(event["class_uid"] for event in events).keys() == {0, 4002, 6008}
        assert all("triage.level" in event["enrichments"][0]["data"] for event in events)
        assert {read_cef(line).extension["externalId"] for line in lines_of(tmp_path / "cef", len(ids))} == ids
        assert len([read_leef(line) for line in lines_of(tmp_path / "leef", len(ids))]) == len(ids)
        posted: set[str] = set()
        while posted != ids:
            posted |= {uid for request in seen[1:] for uid in posted_ids(request)}
            time.sleep(0.05)
        assert service.terminate() == 0
    assert CODE not in service.log.read_text()


def posted_ids(request: Received) -> set[str]:
    """Ids of the events of a request, all of the version that was asked for."""
    assert (request.method, request.path, request.headers["content-type"]) == (
        "POST",
        f"/{CODE}",
        "application/x-ndjson",
    )
    events = [json.loads(line) for line in request.body.decode().split("\n")[:-1]]
    assert {event["metadata"]["version"] for event in events} == {"1.3.0"}
    return {event["metadata"]["uid"] for event in events}
