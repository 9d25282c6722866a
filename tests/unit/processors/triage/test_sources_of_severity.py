"""The same word on each way that it may come: as a number, a text, a prefix, a field, under colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage


def judged(*records: dict[str, Any]) -> LogBatch:
    batch = Categorize(CategorizeConfig(), Context("categorize", Path())).process(batch_of(records), FakeWork())
    return Triage(TriageConfig(), Context("triage", Path())).process(batch, FakeWork())


@pytest.mark.parametrize(
    "record",
    [
        {"body": "database is gone", "severity": 21, "severity_text": "CRITICAL"},
        {"body": "database is gone", "severity_text": "CRITICAL"},
        {"body": "CRITICAL:root:database is gone"},
        {"body": "crit: Shop.Cart[0]\n      database is gone"},
        {"body": '{"level":"critical","msg":"database is gone"}'},
        {"body": "<2>Nov 29 10:00:00 h shop: database is gone"},
        {"body": "\x1b[31mCRITICAL\x1b[0m database is gone"},
    ],
)
def test_critical_is_critical(record: dict[str, Any]) -> None:
    assert judged(record).attribute("logboom.triage.level").to_list() == ["critical"]


COMBINED = '203.0.113.9 - - [29/Nov/2025:10:11:12 +0000] "GET /api/items/42 HTTP/1.1" 502 12 "-" "curl/8"'
NGINX = '{"time_local":"29/Nov/2025:10:11:12 +0000","remote_addr":"203.0.113.9","request":"GET /api/items/42 HTTP/1.1","status":"502"}'
ENVOY = '{"response_code":503,"method":"GET","path":"/api/items/42","response_flags":"UF"}'
ALB = (
    "https 2025-11-29T10:11:12.345678Z app/lb/50dc6c495c0c9188 203.0.113.9:4242 10.0.0.1:80 0.0 0.1 0.0 502 502 34 366 "
    '"GET https://shop.example:443/api/items/42 HTTP/1.1" "curl" - - arn:x'
)


@pytest.mark.parametrize("body", [COMBINED, NGINX, ENVOY, ALB], ids=["combined", "nginx", "envoy", "alb"])
def test_access_logs_say_the_same_in_each_format(body: str) -> None:
    batch = judged({"body": body})
    assert batch.column("severity_number").to_list() == [17]
    found = [batch.attribute(f"logboom.{name}")[0] for name in ("endpoint", "source_type", "triage.level")]
    assert found == ["/api/items/{id}", "backend", "warning"]
