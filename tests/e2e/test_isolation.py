"""Who reads for one domain learns nothing of another, whichever command is asked: records, counts, dead letters, keys, names."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Iterator

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner, Result

from collector.cli import COMMANDS, app
from collector.cli.mcp import caller_of
from collector.console.mcp.server import tools
from collector.console.mcp.tools import call
from collector.console.refusal import Refused
from collector.receivers.hooks.config import HooksConfig
from collector.receivers.hooks.routes import routes
from collector.receivers.json.config import JsonReceiverConfig
from collector.receivers.json.routes import routes as json_routes
from collector.testing.service import Service, free_ports
from counterparts.http_recorder import Answer, HttpRecorder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CONFIG = """
exporters: {{otlp_http: {{endpoint: "{url}", compression: none}}}}
service:
  ledger: {{partitions: 2}}
  pipelines:
    logs: {{receivers: [otlp], processors: [categorize, triage, patterns, issues], exporters: [sqlite, otlp_http, alerting]}}
    logs/alerts: {{receivers: [alerting], exporters: [sqlite]}}
processors: {{patterns: , issues: }}
connectors: {{alerting: {{route: {{receiver: ops, group_by: [service], group_wait: 0s}}, receivers: {{ops: [sqlite]}}}}}}
"""
OWN, FOREIGN = "tamyla.com", "wetechfounders.com"
MARKS = ("BRAVO", FOREIGN)
"""What must never be seen by a reader of `OWN`."""
OF_THE_MACHINE = {
    "run", "init", "validate", "print-config", "components", "backup", "restore", "limits", "doctor", "send", "demo", "login", "sessions", "archive",
    "master-key", "privacy", "cluster",
}  # fmt: skip
"""Commands of whoever has the machine: they read for nobody."""
WRITES = {"keys create", "deployments mark", "alerts silence", "responses stop", "responses resume"}
"""What has `--domain` and reads no records."""
OF_AN_AGENT = {"mcp"}
"""What answers questions, each of which is walked by itself."""
OF_A_CONFIGURATION = {"alerts test", "test", "try"}
"""What reads a configuration, and no store."""


def logboom(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def send(service: Service, domain: str, body: str) -> None:
    import urllib.request

    records = [{"body": {"stringValue": body}, "severityNumber": 17, "timeUnixNano": str(time.time_ns())}]
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.http}/v1/logs",
        json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode(),
        {"content-type": "application/json", "x-logboom-domain": domain},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two domains with records, dead letters and keys; the destination repeats in its refusal what it was sent."""
    with (
        HttpRecorder(lambda got: Answer(f"bad: {got.body[:200]!r}".encode(), 400)) as upstream,
        Service(tmp_path_factory.mktemp("isolation"), CONFIG.format(url=upstream.url)) as running,
    ):
        for domain, body in ((OWN, "ALPHA"), (FOREIGN, "BRAVO")):
            send(running, domain, body)
            assert logboom("keys", "create", "--domain", domain, "--data-dir", str(running.data)).exit_code == 0
        running.await_stored(2)
        for table in ("issues", "patterns", "notifications"):
            running.await_rows(
                f"SELECT DISTINCT domain FROM {table} WHERE domain != 'logboom' ORDER BY 1", [(OWN,), (FOREIGN,)]
            )
        deadline = time.monotonic() + 60
        while len(letters(running)) < 2:
            assert time.monotonic() < deadline, running.log.read_text()[-3000:]
            time.sleep(0.1)
        yield running


def letters(service: Service, *more: str) -> list[dict]:
    found = logboom("deadletter", "list", "--json", "--data-dir", str(service.data), *more)
    return [json.loads(line) for line in found.stdout.splitlines()]


def reads(service: Service) -> dict[str, list[list[str]]]:
    """Command → ways to ask it for a foreign domain's things, under one's own name."""
    [record_id] = service.rows(f"SELECT record_id FROM logs WHERE domain = '{FOREIGN}'")[0]
    foreign = next(each["id"] for each in letters(service) if FOREIGN in each["by_domain"])
    [issue] = service.rows(f"SELECT issue_id FROM issues WHERE domain = '{FOREIGN}'")[0]
    [pattern] = service.rows(f"SELECT pattern_id FROM patterns WHERE domain = '{FOREIGN}'")[0]
    [group] = service.rows(f"SELECT group_id FROM notifications WHERE domain = '{FOREIGN}'")[0]
    changes = {
        **{f"issues {word}": [[issue]] for word in ("show", "brief", "resolve", "archive", "unarchive", "ack")},
        **{f"patterns {word}": [[pattern]] for word in ("show", "aggregate", "sample", "drop", "keep")},
        "issues assign": [[issue, "eve"]], "issues merge": [[issue, issue[::-1]]], "issues split": [[issue, "0" * 16]],
        "issues priority": [[issue, "high"]], **{f"alerts {word}": [[group]] for word in ("ack", "unack", "resolve")},
        "alerts unsilence": [["none"]],
        "responses approve": [["none"]], "responses deny": [["none"]], "responses reset": [["systemd", "none"]],
    }  # fmt: skip
    return changes | {
        "report": [[], ["--json"], ["--format", "html"]],
        "backtest": [["--json"], []],
        "alerts list": [[], ["--all", "--json"]],
        "alerts silences": [[], ["--all", "--json"]],
        "responses list": [[], ["--all", "--json"]],
        "anomalies": [[], ["--json"]],
        "search": [[], ["--json"], ["--count"], [f"domain:{FOREIGN}"], ["--by", "service"]],
        "monitors test": [[], ["--json"]],
        "issues list": [[], ["--json"]],
        "query": [
            ["SELECT * FROM logs"], ["SELECT count(*), max(domain) FROM logs"], ["SELECT * FROM main.logs"],
            [f"SELECT * FROM logs WHERE domain = '{FOREIGN}'"], ["SELECT * FROM log_minutes"], ["--json", "SELECT * FROM logs"],
        ],
        "tail": [["--no-follow"], ["--no-follow", "--json"], ["--no-follow", "--level", "critical"]],
        "explain": [[record_id], [record_id, "--json", "--all"]],
        "deadletter list": [[], ["--json"], ["--reason", "BRAVO"], ["--exporter", "otlp_http"]],
        "deadletter show": [[foreign]],
        "deadletter replay": [[foreign], ["--all", "--reason", "BRAVO"]],
        "deadletter delete": [[foreign], ["--all", "--reason", "BRAVO"]],
        "keys list": [[], ["--json"]],
        "audit list": [[], ["--json"]],
        "audit verify": [[], ["--json"]],
    }  # fmt: skip


def test_nothing_of_others_is_seen(service):
    """Each command that reads for a domain, asked in each way for what another has; what is one's own is seen."""
    own = ""
    for command, ways in reads(service).items():
        for arguments in ways:
            found = logboom(*command.split(), *arguments, "--domain", OWN, "--data-dir", str(service.data))
            said = found.stdout + found.stderr
            repeated = [text for text in arguments if any(mark in text for mark in MARKS)]
            for text in repeated:
                said = said.replace(text, "")
            assert not any(mark in said for mark in MARKS), (command, arguments, said)
            assert found.exception is None or isinstance(found.exception, SystemExit), command
            own += said
    assert "ALPHA" in own
    assert len(letters(service)) == 2, "nothing of it was replayed or deleted"
    assert service.rows(f"SELECT state, assignee FROM issues WHERE domain = '{FOREIGN}'") == [("new", None)], (
        "nor changed"
    )


def test_an_agent_of_a_domain_is_told_nothing_of_others(service):
    """Every tool of `logboom mcp`, asked for what another has; decisions, too."""
    [record_id] = service.rows(f"SELECT record_id FROM logs WHERE domain = '{FOREIGN}'")[0]
    [issue] = service.rows(f"SELECT issue_id FROM issues WHERE domain = '{FOREIGN}'")[0]
    of_issue = {"id": issue, "why": "mine"}
    asked = {
        "search": [{}, {"query": "BRAVO"}, {"domain": FOREIGN}, {"query": f"domain:{FOREIGN}"}],
        "count": [{}, {"by": "service"}, {"domain": FOREIGN}], "patterns": [{}], "deployments": [{}], "report": [{}],
        "issues": [{"state": "all"}, {"domain": FOREIGN}], "issue": [{"id": issue}], "explain": [{"id": record_id}],
        "resolve_issue": [of_issue], "archive_issue": [of_issue], "acknowledge_issue": [of_issue],
        "assign_issue": [{**of_issue, "assignee": "eve"}],
    }  # fmt: skip
    offered = tools(decisions=True)
    assert offered.keys() == asked.keys()
    caller = caller_of(service.data / "store.db", service.data, [], [OWN], decisions=True)

    async def answers() -> list[str]:
        found = []
        for name, ways in asked.items():
            for given in ways:
                try:
                    found.append((await call(offered, caller, name, given)).text())
                except Refused as refused:
                    found.append(refused.detail)
        return found

    told = asyncio.run(answers())
    caller.parts.explainer.close()
    caller.parts.stores.close()
    assert [text for text in told if any(mark in text for mark in MARKS)] == []
    assert "ALPHA" in told[0]
    assert service.rows(f"SELECT state, assignee FROM issues WHERE domain = '{FOREIGN}'") == [("new", None)]


def options() -> dict[str, set[str]]:
    """Command → its options."""
    found = {}
    for name in COMMANDS:
        command = get_command(app).get_command(typer.Context(get_command(app)), name)
        below = getattr(command, "commands", {"": command})
        for word, one in below.items():
            found[f"{name} {word}".strip()] = {text for parameter in one.params for text in parameter.opts}
    return found


def test_every_command_that_reads_for_a_domain_is_walked(service):
    """A new one must be asked here, too, or say that it is of whoever has the machine."""
    walked = reads(service).keys()
    for command, given in options().items():
        if "--domain" in given and command not in WRITES | OF_A_CONFIGURATION | OF_AN_AGENT:
            assert command in walked or command.split()[0] in OF_THE_MACHINE, command
    of_keys = {"keys rotate", "keys revoke", "keys check", "audit key"}
    assert [
        one
        for one in options()
        if one.split()[0] not in OF_THE_MACHINE
        and one not in walked | WRITES | OF_A_CONFIGURATION | OF_AN_AGENT | of_keys
    ] == []


DOORS = """
extensions: {{api_keys: {{}}}}
receivers:
  otlp: {{protocols: {{grpc: {{auth: {{authenticator: api_keys}}}}, http: {{auth: {{authenticator: api_keys}}}}}}}}
  json: {{endpoint: "127.0.0.1:{json}", auth: {{authenticator: api_keys}}, webhook: {{path: /events}}}}
  hooks: {{endpoint: "127.0.0.1:{hooks}", auth: {{authenticator: api_keys}}}}
service:
  extensions: [health_check, api_keys]
  domains: {{header: null}}
  pipelines: {{logs: {{receivers: [otlp, json, hooks], processors: [categorize, triage], exporters: [sqlite]}}}}
"""


def paths(service: Service, json_port: int, hooks_port: int) -> list[tuple[int, str]]:
    """Every path that an HTTP listener takes, as the code has them: a new one is walked, too."""
    shapes = json_routes(JsonReceiverConfig.model_validate({"webhook": {"path": "/events"}}))
    of_json = [(json_port, path.replace("/*", "/x")) for path in shapes]
    return [(service.http, "/v1/logs"), *of_json, *((hooks_port, path) for path in routes(HooksConfig()))]


def test_no_http_route_leads_to_another_domain(tmp_path):
    """With a key of one domain nobody sends for another, with a reader's nobody sends, without one nobody does; answers tell nothing."""
    json_port, hooks_port = free_ports(2)
    with Service(tmp_path, DOORS.format(json=json_port, hooks=hooks_port)) as running:
        made = {
            (domain, kind): json.loads(
                logboom(
                    "keys", "create", "--domain", domain, "--kind", kind, "--data-dir", str(running.data), "--json"
                ).stdout
            )["key"]
            for domain in (OWN, FOREIGN)
            for kind in ("ingest", "reader", "admin", "browser")
        }
        send_as(running.http, "/v1/logs", made[FOREIGN, "ingest"], FOREIGN, b'{"resourceLogs": []}', until=200)
        walked = paths(running, json_port, hooks_port)
        for port, path in walked:
            body = b"" if path == "/loki/api/v1/push" else b'{"message": "BRAVO"}'
            for kind in ("ingest", "browser"):
                status, said = send_as(port, path, made[OWN, kind], FOREIGN, body)
                assert status == 403, (path, kind, status, said)
                assert "BRAVO" not in said
            for kind in ("reader", "admin"):
                assert send_as(port, path, made[OWN, kind], OWN, body)[0] == 403, (path, kind)
            for nobody in ("", "lbi_0123456789ab_" + "0" * 49):
                status, said = send_as(port, path, nobody, FOREIGN, body)
                assert status == 401, (path, status)
                assert FOREIGN not in said
        assert len(walked) > 10
        assert running.rows("SELECT count(*) FROM sent") in ([], [(0,)])
        for path in ("/", "/ready", "/live"):
            said = running.get(path)[1]
            assert not any(mark in said for mark in (OWN, *MARKS)), (path, said)


def send_as(port: int, path: str, key: str, host: str, body: bytes, until: int = 0) -> tuple[int, str]:
    """Status and text of a POST, over a connection of its own; again until the status is `until`, for keys are known within a second."""
    deadline = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {
            "host": f"logs.{host}",
            "content-type": "application/json",
            **({"authorization": f"Bearer {key}"} if key else {}),
        }
        connection.request("POST", path, body, headers)
        with connection.getresponse() as answer:
            status, said = answer.status, f"{answer.read().decode()} {answer.headers}"
        connection.close()
        if not until or status == until or time.monotonic() > deadline:
            return status, said
        time.sleep(0.2)
