"""A person is erased wherever logboom keeps her, over kills, and no byte of her is in any file of the data directory; nobody else is touched."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from collector.backend.offline import desk_of
from collector.scope import Scope
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.commands import command
from counterparts.http_recorder import Answer, HttpRecorder

SHE, HE = "anna-7f3b91c2@example.test", "bert-55d0aa17@example.test"
OURS, OTHER = "tamyla.com", "wetechfounders.com"
CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
processors: {{categorize: {{}}, triage: {{}}, patterns: {{}}, issues: {{}}}}
exporters:
  sqlite: {{}}
  otlp_http/away: {{endpoint: "http://127.0.0.1:{grpc}", retry_on_failure: {{max_interval: 1s}}}}
  otlp_http/refuses: {{endpoint: "REFUSES"}}
extensions:
  health_check: {{endpoint: "127.0.0.1:{health}"}}
service:
  extensions: [health_check]
  domains: {{names: [tamyla.com, wetechfounders.com], default: null, header: x-logboom-domain}}
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  journal: {{max_bytes: 16MiB}}
  ledger: {{max_bytes: 32MiB, partitions: 2}}
  pipelines:
    logs: {{receivers: [otlp], processors: [categorize, triage, patterns, issues], exporters: [sqlite, otlp_http/away, otlp_http/refuses]}}
"""


def attribute(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}


def records(who: str, count: int) -> list[dict[str, Any]]:
    """In attributes, maps and texts; some are errors, so that issues and patterns keep them as examples."""
    now = time.time_ns()
    trace = f'ValueError: no seat for {who}\n  File "shop.py", line 7, in book\n'
    error = [
        attribute("exception.type", "ValueError"),
        attribute("exception.message", f"no seat for {who}"),
        attribute("exception.stacktrace", trace),
    ]
    nested = {"key": "user", "value": {"kvlistValue": {"values": [attribute("email", who)]}}}
    made = []
    for number in range(count):
        own = [[attribute("user.email", who)], [nested], [attribute("user.email", who), *error]][number % 3]
        body = f"order {number} of {who} is paid" if number % 3 else "paid"
        severity = 17 if number % 3 == 2 else 9
        made.append(
            {
                "timeUnixNano": str(now + number),
                "severityNumber": severity,
                "body": {"stringValue": body},
                "attributes": own,
            }
        )
    return made


def send(service: Service, domain: str, made: Sequence[Mapping[str, Any]]) -> None:
    body = {
        "resourceLogs": [
            {"resource": {"attributes": [attribute("service.name", "shop")]}, "scopeLogs": [{"logRecords": made}]}
        ]
    }
    answer = httpx.post(
        f"http://127.0.0.1:{service.http}/v1/logs", json=body, headers={"x-logboom-domain": domain}, timeout=30
    )
    assert answer.status_code == 200, answer.text


def privacy(service: Service, *arguments: str) -> tuple[int, str]:
    done = command("privacy", *arguments, "--data-dir", str(service.data))
    return done.exit_code, done.stdout + done.stderr


def until(condition: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def statuses(service: Service) -> list[dict[str, Any]]:
    code, told = privacy(service, "status", "--json")
    assert code == 0, told
    return [said for line in told.splitlines() if "id" in (said := json.loads(line))]


def files_with(data: Path, value: str) -> list[str]:
    return sorted(
        str(path.relative_to(data))
        for path in data.rglob("*")
        if path.is_file() and value.encode() in path.read_bytes()
    )


def dead(service: Service, owner: str) -> int:
    letters = desk_of(service.data, Scope.everything()).letters()
    return sum(each.info.records for each in letters if each.info.owner == f"exporter/{owner}")


def export(service: Service, output: Path) -> dict[str, Any]:
    """What is told of it; the file holds what it says."""
    code, told = privacy(
        service, "export", "--domain", OURS, "--subject", SHE, "--text", "--reason", "request 6", "--output", str(output),
        "--config", str(service.config),
    )  # fmt: skip
    assert code == 0, told
    manifest: dict[str, Any] = json.loads(output.with_name(f"{output.name}.manifest.json").read_text())
    lines = output.read_bytes()
    assert manifest["sha256"] == hashlib.sha256(lines).hexdigest()
    assert output.stat().st_mode & 0o777 == 0o600
    found = [
        record
        for line in lines.splitlines()
        for resource in json.loads(line)["resourceLogs"]
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
    ]
    assert len(found) == manifest["records"]
    assert [record for record in found if SHE not in json.dumps(record)] == []
    return manifest


def test_a_person_is_handed_out_and_erased_everywhere(tmp_path: Path) -> None:
    """One destination takes all, one is not there, one refuses everything; a kill in the middle. Afterwards no file of the data directory
    holds a byte of her; all that others have is there."""
    with (
        HttpRecorder(lambda _: Answer(status=400)) as refusing,
        Service(tmp_path, config=CONFIG.replace("REFUSES", refusing.url)) as service,
    ):
        for who in (SHE, HE):
            send(service, OURS, records(who, 30))
        send(service, OTHER, records(HE, 30))
        service.await_stored(90)
        until(lambda: dead(service, "otlp_http/refuses") == 90, "dead letters")
        assert {name.split("/")[0][:8] for name in files_with(service.data, SHE)} >= {"partitio", "store.db", "journal"}
        manifest = export(service, tmp_path / "hers.ndjson")
        assert manifest["records"] >= 30
        assert "exporter/otlp_http/away" in manifest["not_searched"]

        subject = ("--domain", OURS, "--subject", SHE, "--text", "--reason", "request 7")
        code, told = privacy(service, "erase", *subject, "--dry-run", "--wait", "--json")
        assert code == 0, told
        counted = json.loads(told)
        code, told = privacy(service, "erase", *subject)
        assert code == 0, told
        until(lambda: place(service, "on the way") == "waits", "nothing is on its way")
        until(
            lambda: place(service, "exporter/sqlite") == "done", "the store is not done"
        )  # what died before it was told counts as nothing
        service.kill()
        service.start()
        service.await_ready()
        until(lambda: statuses(service)[-1]["ended_unix_nano"] > 0, "not done")

        done = statuses(service)[-1]
        local = ("outbox", "exporter/sqlite", "dead letters")
        for name in local[1:]:  # events about her may have come since they were counted, or gone on from the outbox
            assert counted["places"][name]["records"] <= done["places"][name]["records"], name
        for said in (counted, done):
            assert min(said["places"][name]["records"] for name in local) >= 30  # events about her, too
        assert place(service, "exporter/otlp_http/away") == "cannot"
        assert service.rows("SELECT domain, count(*) FROM sent GROUP BY 1 ORDER BY 1") == [(OURS, 30), (OTHER, 30)]
        assert dead(service, "otlp_http/refuses") == 60
        assert SHE not in privacy(service, "status")[1]
        assert service.terminate() == 0
        service.start()  # writes journals and partitions anew
        service.await_ready()
        assert files_with(service.data, SHE) == []
        assert files_with(service.data, HE) != []
        assert service.terminate() == 0
    assert_directory_conserved(service.data)


def place(service: Service, name: str) -> str:
    """How far it is, of the last erasure."""
    return str(statuses(service)[-1]["places"].get(name, {}).get("state"))
