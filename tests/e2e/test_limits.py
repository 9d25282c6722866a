"""Limits in a running logboom with two ingest processes: a flood is told to wait, is counted, and goes on after a SIGKILL."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections import Counter

import pytest

from collector.testing.payloads import payload
from collector.testing.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

LIMITED = """
service:
  processes: {ingest: 2}
  domains: {limits: {overrides: {tamyla.com: {requests_per_second: 2}}, burst: 1s}}
"""


def post(service: Service, number: int, domain: str) -> int:
    """The status; over a connection of its own, so that both processes are met."""
    connection = http.client.HTTPConnection("127.0.0.1", service.http, timeout=60)
    headers = {"content-type": "application/x-protobuf", "x-logboom-domain": domain}
    connection.request("POST", "/v1/logs", payload(1 + number % 500), headers)
    with connection.getresponse() as answer:
        answer.read()
        connection.close()
        return answer.status


def patiently(service: Service, number: int) -> int:
    """The answer of whoever is there: one that dies cuts its connections off."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return post(service, number, "tamyla.com")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_two_processes_share_a_limit(tmp_path):
    """4 or so pass of 60 sent at once, over both processes together; the neighbour is never refused."""
    with Service(tmp_path, LIMITED) as service:
        began = time.monotonic()
        answers = [post(service, number, "tamyla.com") for number in range(60)]
        took = time.monotonic() - began
        assert 1 <= answers.count(200) <= 2 * (took + 1) + 2
        assert set(answers) == {200, 429}
        assert {post(service, number, "wetechfounders.com") for number in range(20)} == {200}
        service.child("ingest").kill()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and service.get("/ready")[0] != 200:
            time.sleep(0.1)
        assert 429 in [patiently(service, number) for number in range(60, 100)]
        deadline = time.monotonic() + 30
        while not any(
            line.startswith("logboom_limit_refused")
            and 'domain="tamyla.com"' in line
            and 'unit="requests_per_second"' in line
            for line in service.get("/metrics", service.metrics)[1].splitlines()
        ):
            assert time.monotonic() < deadline, service.get("/metrics", service.metrics)[1]
            time.sleep(0.5)
        assert "the limit of requests a second is reached" in service.log.read_text()
        assert service.terminate() == 0


QUOTAS = """
service:
  processes: {ingest: 2}
  domains:
    quotas: {overrides: {tamyla.com: {records_per_day: 60}}}
    costs: {prices: {sqlite: {records: 1000000}}, on_budget: refuse, overrides: {wetechfounders.com: {per_day: 10}}}
"""


def test_a_days_quota_is_exact_through_a_kill(tmp_path):
    """Single records through two processes, one of which is killed: as many are stored as may be, and no more."""
    with Service(tmp_path, QUOTAS) as service:
        answers = [post_one(service, number) for number in range(30)]
        assert set(answers) == {200}
        service.kill()
        service.start()
        service.await_ready()
        answers += [post_one(service, number) for number in range(30, 90)]
        assert (answers.count(200), answers.count(429)) == (60, 30)
        service.await_stored(60)
        deadline = time.monotonic() + 30
        while not any(
            line.startswith("logboom_quota_used") and 'unit="records"' in line and line.endswith(" 60.0")
            for line in service.get("/metrics", service.metrics)[1].splitlines()
        ):
            assert time.monotonic() < deadline, service.get("/metrics", service.metrics)[1]
            time.sleep(0.5)
        assert "has used 80 % of the records" in service.log.read_text()
        assert post(service, 11, "wetechfounders.com") == 200  # twelve records, of which each costs 1
        deadline = time.monotonic() + 60
        while post(service, 0, "wetechfounders.com") != 429:
            assert time.monotonic() < deadline, service.get("/metrics", service.metrics)[1]
            time.sleep(0.5)
        deadline = time.monotonic() + 30
        while costs(service) != dict(service.rows("SELECT domain, count(*) FROM logs GROUP BY domain")):
            assert time.monotonic() < deadline, costs(service)  # events of the service are rows, too
            time.sleep(0.5)
        assert "wetechfounders.com has spent 1" in service.log.read_text()
        assert service.terminate() == 0


def costs(service: Service) -> dict[str, int]:
    """Domain → what it has cost today."""
    found = re.findall(
        r'logboom_cost{domain="([^"]*)"[^}]*per="day"} ([0-9.]+)', service.get("/metrics", service.metrics)[1]
    )
    return {domain: int(float(spent)) for domain, spent in found}


def post_one(service: Service, number: int) -> int:
    """A request of one record, like no other."""
    connection = http.client.HTTPConnection("127.0.0.1", service.http, timeout=60)
    body = f'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"{number + 1}","body":{{"stringValue":"{number}"}}}}]}}]}}]}}'
    connection.request("POST", "/v1/logs", body, {"content-type": "application/json", "x-logboom-domain": "tamyla.com"})
    with connection.getresponse() as answer:
        answer.read()
        connection.close()
        return answer.status


NAMES = """
service:
  processes: {workers: 2}
  domains: {names: [tamyla.com, calm.example], cardinality: {services: 3, attribute_keys: 4}}
"""


def test_a_domain_names_as_many_services_as_it_may_through_a_kill(tmp_path):
    """The first three stay what they are, before and after; the neighbour's are its own."""
    with Service(tmp_path, NAMES) as service:
        assert {post_named(service, "tamyla.com", number) for number in range(5)} == {200}
        service.await_stored(5)
        service.kill()
        service.start()
        service.await_ready()
        assert {post_named(service, "tamyla.com", number) for number in (9, 1, 8)} == {200}
        assert post_named(service, "calm.example", 77) == 200
        service.await_stored(9)
        rows = service.rows("SELECT domain, service_name, resource, attributes FROM sent")
        named = Counter((domain, name) for domain, name, _, _ in rows)
        assert named == {
            ("tamyla.com", "s0"): 1, ("tamyla.com", "s1"): 2, ("tamyla.com", "s2"): 1, ("tamyla.com", "{other}"): 4,
            ("calm.example", "s77"): 1,
        }  # fmt: skip
        others = [json.loads(resource)["logboom.service_name"] for _, name, resource, _ in rows if name == "{other}"]
        assert sorted(others) == ["s3", "s4", "s8", "s9"]
        together = [json.loads(attributes).get("logboom.attributes") for *_, attributes in rows]
        assert sorted(text for text in together if text) == ['{"k4":"v"}', '{"k8":"v"}', '{"k9":"v"}']
        deadline = time.monotonic() + 30
        while not any(
            line.startswith('logboom_cardinality{domain="tamyla.com",of="services"') and line.endswith(" 3.0")
            for line in service.get("/metrics", service.metrics)[1].splitlines()
        ):
            assert time.monotonic() < deadline, service.get("/metrics", service.metrics)[1]
            time.sleep(0.5)
        assert "tamyla.com named more than 3 different services" in service.log.read_text()
        assert service.terminate() == 0


def post_named(service: Service, domain: str, number: int) -> int:
    """A request of one record, of a service and with an attribute of that number."""
    record = {"timeUnixNano": str(time.time_ns()), "attributes": [{"key": f"k{number}", "value": {"stringValue": "v"}}]}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": f"s{number}"}}]}
    body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]})
    connection = http.client.HTTPConnection("127.0.0.1", service.http, timeout=60)
    connection.request("POST", "/v1/logs", body, {"content-type": "application/json", "x-logboom-domain": domain})
    with connection.getresponse() as answer:
        answer.read()
        connection.close()
        return answer.status
