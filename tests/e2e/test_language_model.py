"""An issue, a language model, and what it wrote: in the table of issues, marked, while records go on. A model that is away stops nothing."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.http_recorder import Answer, HttpRecorder, Received
from counterparts.vendors.model import ANSWER
from e2e.test_alerting import send

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def with_model(url: str) -> str:
    """Added to the service's configuration."""
    return json.dumps({
        "processors": {"patterns": {}, "issues": {}},
        "exporters": {"openai": {"endpoint": f"{url}/v1", "model": "small-1", "retry_on_failure": {"initial_interval": "200ms"}}},
        "service": {
            "pipelines": {
                "logs": {"receivers": ["otlp"], "processors": ["categorize", "triage", "patterns", "issues"], "exporters": ["sqlite", "openai"]}
            }
        },
    })  # fmt: skip


def test_what_a_model_writes_stands_beside_its_issue(tmp_path: Path) -> None:
    """The first call is refused for a moment: records are stored meanwhile, and the issue is written about then."""
    calls = []

    def answer(received: Received) -> Answer:
        calls.append(orjson.loads(received.body))
        if len(calls) == 1:
            return Answer(b'{"error": {"code": "server_error"}}', 503)
        content = {"choices": [{"message": {"content": orjson.dumps(ANSWER).decode()}}]}
        return Answer(orjson.dumps(content))

    with HttpRecorder(answer) as recorder, Service(tmp_path, with_model(recorder.url)) as service:
        send(service, "till", text="no paper for anna@tamyla.com")
        service.await_rows(
            "SELECT json_extract(generated, '$.summary'), json_extract(generated, '$.model'), state FROM issues WHERE generated IS NOT NULL",
            [(ANSWER["summary"], "small-1", "new")],
        )
        assert service.rows("SELECT count(*) FROM sent") == [(1,)]
        (change,) = service.rows("SELECT who FROM issue_activity WHERE change = 'described'")
        assert change == ("small-1 (openai)",)
        assert service.terminate() == 0
    shown = calls[-1]["messages"][1]["content"]
    assert "no paper for ****" in shown
    assert "tamyla" not in shown
    assert_directory_conserved(service.data)
