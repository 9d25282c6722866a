"""What a log line says never picks the place it goes to; attributes do, as far as `routing_attributes` lets them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from collector.batch import LogBatch, concat
from collector.columns.tables import FROM_BODY
from collector.component import Context
from collector.ledger.codec import decode_batch, encode_batch
from collector.rowwise import RowProcessor
from collector.testing.row_batch import Row, batch_of
from collector.testing.work import FakeWork
from exporters.datadog.config import DatadogConfig
from exporters.datadog.entries import Writer
from exporters.elasticsearch.bulk import body as bulk_body
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.documents import documents
from exporters.elasticsearch.routing import Router
from exporters.googlecloud.config import GoogleCloudConfig
from exporters.googlecloud.entries import entries
from exporters.loki.config import LokiConfig
from exporters.loki.labels import tenant
from exporters.loki.streams import push
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.parts import encoded
from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Encoder
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize

STEERING = {
    "com.splunk.index": "audit",
    "com.splunk.sourcetype": "linux_secure",
    "com.splunk.source": "/var/log/secure",
    "com.splunk.hec.access_token": "11111111-1111-4111-8111-111111111111",
    "host.name": "dc01",
    "elasticsearch.index": "audit",
    "elasticsearch.document_id": "chosen",
    "elasticsearch.ingest_pipeline": "drop-all",
    "data_stream.dataset": "audit",
    "data_stream.namespace": "dc",
    "datadog.log.source": "sshd",
    "loki.tenant": "host.name",
    "loki.attribute.labels": "host.name, message",
    "loki.format": "raw",
    "gcp.log_name": "audit",
    "gcp.project.id": "dc",
    "hostname": "dc01",
    "appname": "sshd",
    "proc_id": "1",
    "msg_id": "LOGIN",
    "priority": "32",
    "message": "all is well",
    "logboom.triage.level": "info",
}
BODIES = {
    "json": json.dumps({"user": "mallory", **STEERING}),
    "logfmt": " ".join(f'{key}="{value}"' for key, value in {"user": "mallory", **STEERING}.items()),
}


def parsed(row: Row) -> LogBatch:
    """As it leaves the pipeline and comes out of the outbox."""
    options = CategorizeConfig.model_validate({"parse_bodies": ["json", "logfmt"]})
    processed = Categorize(options, Context("categorize", Path())).process(batch_of([row]), FakeWork())
    return decode_batch(encode_batch(processed))


def splunk(batch, **options):
    config = SplunkHecConfig.model_validate(
        {"endpoint": "https://127.0.0.1:8088", "token": "t", "index": "main", **options}
    )
    part = encoded(batch, config).parts[0]
    event = json.loads(part.texts[0])
    return {"token": part.token, **{name: event.get(name) for name in ("host", "index", "source", "sourcetype")}}


def elasticsearch(batch, **options):
    given = {
        "endpoint": "http://127.0.0.1:9200",
        "logs_dynamic_id": {"enabled": True},
        "logs_dynamic_pipeline": {"enabled": True},
        **options,
    }
    config = ElasticsearchConfig.model_validate(given)
    router = Router(config.logs_index, config.logstash_format, config.routing_attributes)
    lines = bulk_body(batch, documents(batch, config.mapping, router), config)
    return json.loads(lines.splitlines()[0])["create"]


def syslog(batch, **options):
    config = SyslogConfig.model_validate({"endpoint": "127.0.0.1", "network": "udp", **options})
    head, _, text = Encoder(config).encode(batch).body.decode().partition(" - ")
    start, *names = head.split(" ")
    return {"start": start, "names": names[1:], "text": text.split(" ", 1)[-1].strip()[:12]}


def datadog(batch, **options):
    config = DatadogConfig.model_validate({"api": {"key": "k" * 32}, **options})
    entry = json.loads(Writer(config).entries(batch, 1_700_000_000_000_000_000)[0])
    return {name: entry.get(name) for name in ("ddsource", "hostname", "service")}


def loki(batch, **options):
    config = LokiConfig.model_validate({"endpoint": "https://loki.example", **options})
    (stream,) = json.loads(push(batch, config, 1_700_000_000_000_000_000))["streams"]
    return {"labels": stream["stream"], "tenant": tenant(batch, config).to_list(), "text": ""}


def googlecloud(batch, **options):
    config = GoogleCloudConfig.model_validate({"project": "shop", **options})
    entry = json.loads(entries(batch, config, "shop").texts[0])
    return {"log": entry["logName"], "text": ""}


ROUTERS = {
    "loki": loki,
    "googlecloud": googlecloud,
    "splunk_hec": splunk,
    "elasticsearch": elasticsearch,
    "syslog": syslog,
    "datadog": datadog,
}


@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize("name", ROUTERS)
def test_a_line_does_not_pick_its_place(name, form):
    """The record goes where the same line goes that nobody took apart, also out of the outbox."""
    row = Row("0", fields={"body": BODIES[form]})
    batch = parsed(row)
    assert batch.attribute("user").to_list() == ["mallory"]
    assert batch.attribute("elasticsearch.index").to_list() == ["audit"]  # to look for, not to go by
    assert ROUTERS[name](batch) == ROUTERS[name](batch_of([row]))


@pytest.mark.parametrize("name", ROUTERS)
def test_attributes_do(name):
    """What came as attributes steers, also beside a body that says otherwise; unless the option turns it off."""
    sent = Row("0", tuple(STEERING.items()), tuple(STEERING.items()), fields={"body": "text"})
    bare = Row("0", fields={"body": "text"})
    steered = ROUTERS[name](batch_of([sent]))
    assert steered != ROUTERS[name](batch_of([bare]))
    assert ROUTERS[name](parsed(replace(sent, fields={"body": '{"host.name":"x","com.splunk.index":"x"}'}))) | {
        "text": ""
    } == steered | {"text": ""}
    assert ROUTERS[name](batch_of([sent]), routing_attributes="none") == ROUTERS[name](batch_of([bare]))


def test_attributes_of_the_resource_alone():
    """`resource` leaves the record no say."""
    row = Row("0", (("com.splunk.index", "own"),), (("com.splunk.index", "shared"), ("host.name", "web-1")))
    found = splunk(batch_of([row]), routing_attributes="resource")
    assert (found["index"], found["host"]) == ("shared", "web-1")
    assert splunk(batch_of([row]))["index"] == "own"


def test_a_line_does_not_speak_for_its_resource():
    """A field of the body gives way to the resource's attribute of that name, in every document; names that are ours
    are nobody's to give."""
    batch = parsed(Row("0", resource=(("host.name", "web-1"),), fields={"body": BODIES["json"]}))
    assert batch.attribute("host.name").to_list() == [None]
    assert batch.attribute("logboom.triage.level").to_list() == [None]


def test_what_a_processor_sets_counts():
    """Also where a line said something under that name."""
    batch = parsed(Row("0", fields={"body": BODIES["json"]}))
    assert splunk(batch.with_attributes({"com.splunk.index": pl.Series(["chosen"])}))["index"] == "chosen"


def test_the_mark_stays():
    """Through joins with batches that have none, filters, and processors that edit records one at a time."""
    marked = parsed(Row("0", fields={"body": BODIES["json"]}))
    joined = concat([batch_of([Row("1", (("com.splunk.index", "own"),))]), marked])
    assert joined.for_routing().attribute("com.splunk.index").to_list() == ["own", None]
    assert joined.filter(pl.Series([False, True])).for_routing().attribute("com.splunk.index").to_list() == [None]

    def edit(record):
        record["severity_text"] = "WARN"
        record["attributes"]["com.splunk.source"] = "set"
        return record

    edited = RowProcessor(edit).process(marked, FakeWork())
    assert FROM_BODY in edited.attributes.columns
    assert edited.for_routing().attribute("com.splunk.index").to_list() == [None]
    assert edited.for_routing().attribute("com.splunk.source").to_list() == ["set"]


def test_without_parsed_bodies_nothing_is_copied():
    """The batch itself."""
    batch = batch_of([Row("0", (("a", "b"),))])
    assert batch.for_routing() is batch
