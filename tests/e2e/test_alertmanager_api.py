"""Prometheus, amtool and Grafana talk to a logboom that runs as to an Alertmanager: alerts in, silences, and what GET shows."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

DOWN = "/api/v2/alerts?filter=alertname%3DDown"
TWO = "/api/v2/alerts?filter=alertname%3D~%22Quiet%7CLoud%22"
CONFIG = """
receivers: {{alertmanager: {{endpoint: "127.0.0.1:{port}"}}}}
connectors:
  alerting:
    route: {{receiver: ops, group_by: [rule], group_wait: 0s, group_interval: 1s}}
    receivers: {{ops: [sqlite]}}
service:
  pipelines:
    logs: {{receivers: [otlp, alertmanager], processors: [categorize, triage], exporters: [sqlite, alerting]}}
    logs/alerts: {{receivers: [alerting], exporters: [sqlite]}}
"""


class Api:
    """The API of one logboom."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = free_ports(1)
        self.service = Service(folder, CONFIG.format(port=self.port))

    def ask(self, method: str, path: str, body: Any = None, host: str = "tamyla.com") -> tuple[int, Any]:
        """Status and document."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"host": host, "content-type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def until(self, path: str, holds: Callable[[Any], bool], host: str = "tamyla.com") -> Any:
        """What a path shows, once it is as it is to be."""
        deadline = time.monotonic() + 60
        while True:
            status, found = self.ask("GET", path, host=host)
            if status == 200 and holds(found):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.1)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    made = Api(tmp_path_factory.mktemp("alertmanager"))
    with made.service:
        yield made
        assert made.service.terminate() == 0
        assert_directory_conserved(made.service.data)


def alert(name: str, ends: timedelta = timedelta(minutes=4), **labels: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": name, "severity": "critical", "job": "shop", **labels}, "annotations": {"summary": f"{name} of shop"},
        "startsAt": (now - timedelta(minutes=1)).isoformat(), "endsAt": (now + ends).isoformat(),
        "generatorURL": "http://prometheus.example/graph",
    }  # fmt: skip


def test_an_alert_goes_on_until_its_source_says_that_it_is_over(api: Api) -> None:
    assert api.ask("POST", "/api/v2/alerts", [alert("Down", instance="a"), alert("Down", instance="b")]) == (200, {})
    found = api.until(DOWN, lambda shown: len(shown) == 2)
    assert sorted(each["labels"]["instance"] for each in found) == ["a", "b"]
    assert {each["annotations"]["summary"] for each in found} == {"Down of shop"}
    assert found[0]["status"]["state"] == "active"
    assert found[0]["endsAt"] > datetime.now(UTC).isoformat(), "it goes on"
    assert found[0]["receivers"] == [{"name": "ops"}]
    (only,) = api.ask("GET", f"{DOWN}&filter=instance%3D%22a%22&receiver=o.*")[1]
    assert only["labels"]["instance"] == "a"
    (group,) = api.ask("GET", DOWN.replace("alerts?", "alerts/groups?"))[1]
    assert (group["labels"], group["receiver"], len(group["alerts"])) == ({"rule": "Down"}, {"name": "ops"}, 2)
    assert api.ask("GET", "/api/v2/alerts", host="wetechfounders.com") == (200, []), "another domain"
    over = [alert("Down", timedelta(seconds=-1), instance=each) for each in ("a", "b")]
    assert api.ask("POST", "/api/v2/alerts", over)[0] == 200
    api.until(DOWN, lambda shown: shown == [])
    assert api.service.rows("SELECT count(*) FROM logs WHERE generation = 0") == [(0,)], "events, no logs"


def test_a_silence_is_made_shown_and_ended(api: Api) -> None:
    now = datetime.now(UTC)
    silence = {
        "matchers": [{"name": "rule", "value": "Quiet", "isRegex": False}], "createdBy": "ada", "comment": "we know",
        "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    status, made = api.ask("POST", "/api/v2/silences", silence)
    assert status == 200
    (found,) = api.until("/api/v2/silences", lambda shown: len(shown) == 1)
    assert (found["id"], found["status"]["state"], found["createdBy"]) == (
        made["silenceID"],
        "active",
        "ada (127.0.0.1)",
    )
    assert found["matchers"] == [{"name": "rule", "value": "Quiet", "isRegex": False, "isEqual": True}]
    assert api.ask("GET", f"/api/v2/silence/{made['silenceID']}")[1]["comment"] == "we know"
    assert api.ask("POST", "/api/v2/alerts", [alert("Quiet"), alert("Loud")])[0] == 200
    (loud,) = api.until(TWO, lambda shown: len(shown) == 1)
    assert loud["labels"]["alertname"] == "Loud"
    assert api.ask("DELETE", f"/api/v2/silence/{made['silenceID']}")[0] == 200
    api.until(TWO, lambda shown: len(shown) == 2)
    assert api.ask("DELETE", f"/api/v2/silence/{made['silenceID']}")[0] == 404


def test_the_rest_is_answered_as_the_api_says(api: Api) -> None:
    status, bad = api.ask("POST", "/api/v2/alerts", [alert("Good"), {"labels": {}}])
    assert (status, "at least one label pair required" in bad) == (400, True)
    api.until("/api/v2/alerts", lambda shown: any(each["labels"]["alertname"] == "Good" for each in shown))
    assert api.ask("POST", "/api/v2/silences", {})[0] == 400
    assert api.ask("GET", "/api/v2/status")[1]["cluster"]["status"] == "disabled"
    assert api.ask("GET", "/api/v2/receivers")[1] == [{"name": "ops"}]
    assert api.ask("GET", "/api/v2/silence/unknown")[0] == 404
    assert api.ask("GET", "/api/v2/nothing")[0] == 404
    assert api.ask("PUT", "/api/v2/alerts", [])[0] == 405
    assert api.service.get("/-/healthy", api.port) == (200, "OK\n")
