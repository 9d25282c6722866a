"""Formats of lines and levels: what each tells, and lines that look like it and tell nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.batch import ValueKind
from collector.component import Context
from collector.samples import batch_of
from collector.severity_words import number_of
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize

COLUMNS = {
    "source": "logboom.source_type",
    "error": "logboom.error_type",
    "component": "logboom.component",
    "endpoint": "logboom.endpoint",
}


def told(body: str, severity: int = 0) -> dict[str, Any]:
    """What `categorize` says of a line from a sender that names nothing."""
    batch = batch_of([{"body": body, "severity": severity}])
    batch = Categorize(CategorizeConfig(), Context("categorize", Path())).process(batch, FakeWork())
    answers = {name: batch.attribute(key).to_list()[0] for name, key in COLUMNS.items()}
    answers["status"] = batch.attribute("logboom.http_status", ValueKind.INT).to_list()[0]
    return {**answers, "severity": batch.column("severity_number").to_list()[0]}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ERROR+4", 21), ("ERROR+1", 18), ("DEBUG-4", 1), ("INFO+2", 11), ("WARN-1", 12), ("TRACE-9", 1), ("FATAL+40", 24),
        ("WARN2", 14), ("ERROR+", None), ("ERROR-code", None), ("covid-19", None), ("ERROR+400", None),
    ],
)  # fmt: skip
def test_steps_of_levels(text: str, number: int | None) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ("2026-11-03 08:16:01.532 | SUCCESS  | shop.sync:run:88 - done", 10),
        ("2026-11-03 08:16:01.532 | AUDIT    | shop.sync:run:88 - done", 0),
        ('2026-11-03T08:49:00.001Z pid=1 tid=ox3 class=Job jid=9b2f elapsed=0.412 INFO: done', 9),
        ('2026-11-03T08:49:01.010Z pid=1 tid=ox3 WARN: {"context":"Job raised exception"}', 13),
        ("pid=1 tid=ox3 carries no INFO: none", 0),
        ("(node:31) MaxListenersExceededWarning: Possible EventEmitter memory leak", 13),
        ("(node:31) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.", 13),
        ("(node:31) joined the cluster, Warning: none", 0),
        ("PHP Fatal error:  Uncaught TypeError: x in /a.php:3", 21),
        ("PHP Recoverable fatal error:  x in /a.php on line 3", 17),
        ("PHP Parse error:  syntax error in /a.php on line 3", 17),
        ("PHP Deprecated:  x in /a.php on line 3", 13),
        ("method=GET path=/orders/551 format=html status=502 duration=58.33", 17),
        ("[11/04/26 10:01:01] WARNING  rates are 2 h old             rates.py:41", 13),
        ("26/11/04 10:02:04 WARN TaskSetManager: Lost task 3.0", 13),
        ("11/4/2026, 10:02:04 ERROR no stock", 17),
        ("26/11/04 is no working day, ERROR or not", 0),
        ("\x1b[31m  error\x1b[39m  - unhandledRejection: no stock", 17),
        ("  error budget - 99.2 %", 0),
        ("Error: failed to read the palette", 17),
        ("Error budget: 99.2 %", 0),
        ("2026.11.04 10:08:11.120301 [ 31 ] {} <Debug> MergeTreeData: 0 broken parts", 5),
        ("2026.11.04 read the page <Error> of the manual", 0),
        ("2026-11-04 10:08:11 see <error>", 0),
        ("Nov  4 10:07:07 app3 kernel: [88.1] INFO: task jbd2/sda1-8:312 blocked for more than 120 seconds.", 17),
        ("Nov  4 10:07:07 app3 kernel: [88.1] INFO: task queue is empty", 9),
        ("method=GET path=/orders/551 format=html exit_status=502", 0),
    ],
)  # fmt: skip
def test_levels_of_formats(body: str, severity: int) -> None:
    assert told(body)["severity"] == severity


@pytest.mark.parametrize(
    ("body", "component"),
    [
        ("2026-11-03 08:22:01,110 ERROR [pool-3-thread-1] JdbcLedger: entry 9912 rejected", "JdbcLedger"),
        ("2026-11-03 08:22:01,110 ERROR [pool-3-thread-1] NullPointerException: entry is null", None),
        ("2026-11-03 08:22:01,110 ERROR [pool-3-thread-1] Failed: entry 9912", None),
        ("08:28:01,004 ERROR [com.acme.mail.MailSender] (default - 3) bounced", "MailSender"),
        ("08:28:01,004 ERROR [main] started", None),
        ("[2026-11-03 09:06:00,120] INFO [Coordinator 1]: rebalance (kafka.coordinator.group.GroupCoordinator)", "GroupCoordinator"),
        ("[2026-11-03 09:06:00,120] INFO rebalance of groups (at www.example.com)", None),
        ("[2026-11-03T09:07:10,120][WARN ][o.e.c.r.a.DiskThresholdMonitor] [es-1] high", "DiskThresholdMonitor"),
        ("[2026-11-03T08:41:02Z WARN  hyper::proto::h1] connection error", "hyper"),
        ("[2026-11-03T08:41:02Z WARN  ingest::writer] slow", "writer"),
        ("[WARN of the day] slow", None),
        ("2026-11-03 08:16:01.532 | SUCCESS  | warehouse.sync:run:88 - done", "sync"),
    ],
)  # fmt: skip
def test_loggers_of_layouts(body: str, component: str | None) -> None:
    assert told(body)["component"] == component


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ("[1.002s][warning][gc,alloc] Thread-3: Retried waiting for GCLocker", "backend"),
        ("#\n# A fatal error has been detected by the Java Runtime Environment:\n#", "backend"),
        ("# A fatal error has been detected by the tests", "logic"),
        ("[2026-11-03 09:06:00,120] WARN retrying (org.apache.kafka.clients.NetworkClient)", "backend"),
        ("[2026-11-03 09:06:00,120] WARN retrying (com.acme.shop.Orders)", "logic"),
        ("[2026-11-03T09:07:10,120][WARN ][o.e.c.Cluster] [es-1] slow", "backend"),
        ("[2026-11-03T09:07:10,120][WARN ][c.a.Cart] slow", "logic"),
        ("2026-11-03 09:07:00.120000+00:00 [warning] <0.812.0> closing AMQP connection", "backend"),
        ("2026-11-03 09:07:00.120000+00:00 [warning] cart is slow", "logic"),
        ('{"t":{"$date":"2026-11-03T09:05:30.120+00:00"},"s":"I","c":"NETWORK","ctx":"listener","msg":"accepted"}', "backend"),
        ('{"type":"ADDED","object":{"kind":"Event","type":"Warning","reason":"FailedMount","message":"x"}}', "backend"),
        ('{"type":"ADDED","object":{"kind":"Cart","reason":"gift"}}', "logic"),
        ('{"t":"2026-11-03T09:05:30Z","s":"I","c":"cart","ctx":"worker","msg":"accepted"}', "logic"),
    ],
)  # fmt: skip
def test_sources_of_lines(body: str, source: str) -> None:
    assert told(body)["source"] == source


@pytest.mark.parametrize(
    ("body", "severity", "error"),
    [
        ("java.net.SocketTimeoutException: Read timed out", 0, "exception"),
        ("requests.exceptions.ConnectionError: refused", 17, "exception"),
        ("java.net.SocketTimeoutException: Read timed out", 13, "none"),
        ("SocketTimeoutException: Read timed out", 17, "error"),
        ("saw java.net.SocketTimeoutException: Read timed out", 17, "error"),
        ('2026-11-03T09:08:01Z\t6f1c\tERROR\tInvoke Error \t{"errorType":"TypeError"}', 0, "exception"),
        ("2026-11-03T09:08:01Z\t6f1c\tERROR\tInvoke Errors are counted", 0, "error"),
    ],
)  # fmt: skip
def test_exceptions_without_their_frames(body: str, severity: int, error: str) -> None:
    assert told(body, severity)["error"] == error


@pytest.mark.parametrize(
    ("body", "endpoint", "status"),
    [
        ("method=GET path=/orders/551 format=html controller=Orders status=502 duration=58", "/orders/{id}", 502),
        ('at=error code=H12 desc="Request timeout" method=GET path="/cart?x=1" host=shop.example dyno=web.1 status=503 bytes=0', "/cart", 503),
        ('time=08:00 level=info method="POST" path="/cart" status="201"', "/cart", 201),
        ('{"ClientRequestMethod":"GET","ClientRequestURI":"/cart/12?x=1","EdgeResponseStatus":522}', "/cart/{id}", 522),
        ('{"request_verb":"GET","request_url":"https://shop.example:443/cart/12","elb_status_code":502}', "/cart/{id}", 502),
        ('{"cs_method":"GET","cs_uri_stem":"/cart/12","sc_status":"503"}', "/cart/{id}", 503),
        ("method=GET, path=/var/log is scanned, status=500", None, None),
        ("method=GETTER path=/cart status=503", None, None),
    ],
)  # fmt: skip
def test_requests_in_logfmt(body: str, endpoint: str | None, status: int | None) -> None:
    answer = told(body)
    assert (answer["endpoint"], answer["status"]) == (endpoint, status)
