"""`path`, `uri` and `url` name files as often as requests: what stands beside them decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize

CASES: list[tuple[dict[str, Any], str | None]] = [
    ({"path": "/etc/ssl/certs/ca.pem"}, None),
    ({"path": "/var/lib/app/data.db", "size": 12}, None),
    ({"path": "/srv/reports/2026.csv", "status": "failed"}, None),
    ({"path": "/srv/reports/2026.csv", "method": "rename"}, None),
    ({"uri": "/mnt/share/report.csv"}, None),
    ({"url": "file:///srv/app/main.js"}, None),
    ({"path": "/api/orders/4711", "method": "GET"}, "/api/orders/{id}"),
    ({"path": "/api/orders/4711", "status": 200}, "/api/orders/{id}"),
    ({"uri": "/users/12", "http.request.method": "PUT"}, "/users/{id}"),
    ({"url": "https://shop.example/cart/9"}, "/cart/{id}"),
    ({"url.path": "/cart/9"}, "/cart/{id}"),
    ({"request_uri": "/cart/9"}, "/cart/{id}"),
]


@pytest.mark.parametrize(("attributes", "endpoint"), CASES, ids=[str(attributes) for attributes, _ in CASES])
def test_endpoint(attributes: dict[str, Any], endpoint: str | None) -> None:
    batch = batch_of([{"body": "done", "attributes": attributes}])
    found = Categorize(CategorizeConfig(), Context("categorize", Path())).process(batch, FakeWork())
    assert found.attribute("logboom.endpoint").to_list() == [endpoint]
