"""`make check-image`: the Dockerfile is built, and what it makes does its work on a file system that is read-only."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from counterparts.container_image import Running, built

_SEND = """
import urllib.request
body = b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"severityText": "ERROR", "body": {"stringValue": "hello"}}]}]}]}'
request = urllib.request.Request("http://127.0.0.1:4318/v1/logs", body, {"content-type": "application/json"})
print(urllib.request.urlopen(request, timeout=20).status)
"""


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Built and healthy."""
    folder = tmp_path_factory.mktemp("image")
    root, config = built(folder)
    with Running(root, config, folder) as running:
        yield running


@pytest.mark.timeout(1800)
def test_it_collects_as_nobody_in_particular_and_says_that_it_is_open(container: Running) -> None:
    """A record in, the record out of the store; the rest of its file system cannot be written; SIGTERM ends it with 0."""
    sent = container.inside(["python", "-c", _SEND])
    assert sent.stdout.strip() == "200", sent.stderr
    asked = [
        "logboom",
        "query",
        "--json",
        "--data-dir",
        "data",
        "SELECT body, triage_level FROM logs WHERE coalesce(generation, 0) = 0",
    ]
    rows = json.loads(container.inside(asked).stdout)
    assert rows == [{"body": "hello", "triage_level": "warning"}]
    assert container.inside(["id", "-u"]).stdout.strip() == "10001"
    assert "Read-only file system" in container.inside(["touch", "/opt/logboom/new", "/tmp/new"]).stderr
    log = container.log.read_text()
    assert log.count("can be reached from other machines and nothing checks who sends") == 2
    assert container.stop() == 0
