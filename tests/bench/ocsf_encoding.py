"""Columns → document models, on the demo's traffic after triage: µs a record of CPU, one thread.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/ocsf_encoding.py
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import get_args

from sample_records import micros

from collector.batch import LogBatch
from collector.cli.traffic.payloads import templates
from collector.component import Context
from collector.documents.models import texts
from collector.documents.options import DocumentModel, DocumentOptions, OcsfConfig
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage


def batch() -> LogBatch:
    """Ten thousand triaged records of a shop's services."""
    bodies = [template.numbered(at) for at, template in enumerate(templates(1, 500, 20))]
    entries = [Entry("j", at, "a.example", "otlp", body, 500, 1_800_000_000_000, b"") for at, body in enumerate(bodies)]
    records = Categorize(CategorizeConfig(), Context("categorize", Path())).process(decode(entries).batch, FakeWork())
    return Triage(TriageConfig(), Context("triage", Path())).process(records, FakeWork())


def requests(records: int = 10_000) -> LogBatch:
    """Finished HTTP exchanges with both ends, a user and a user agent: the class with the most fields."""
    number = range(records)
    attributes = {
        "http.request.method": ["GET", "POST"] * (records // 2),
        "http.response.status_code": [200 + n % 300 for n in number],
        "url.path": [f"/api/orders/{n}" for n in number],
        "http.route": ["/api/orders/{id}"] * records,
        "client.address": [f"10.{n % 200}.{n % 7}.{n % 251}" for n in number],
        "client.port": [1024 + n for n in number],
        "user.name": [f"user-{n % 500}" for n in number],
        "user_agent.original": ["Mozilla/5.0 (X11; Linux x86_64)"] * records,
    }
    columns = {"body": ["request finished"] * records, "record_id": [f"{n:026}" for n in number]}
    return LogBatch.of(columns, attributes, {"service.name": "shop", "host.name": "web-1"}, "shop.http")


def main() -> None:
    """Print a table."""
    records = batch()
    old = DocumentOptions(ocsf=OcsfConfig(version="1.1.0"))
    cases = {name: partial(texts, records, name) for name in get_args(DocumentModel)}
    cases["ocsf 1.1.0"] = partial(texts, records, "ocsf", old)
    cases["ocsf, HTTP"] = partial(texts, requests(), "ocsf")
    for name, case in cases.items():
        size = case().str.len_bytes().mean()
        print(f"{name:12} {micros(case, len(records)):5.2f} µs  {size:6.0f} bytes")


if __name__ == "__main__":
    main()
