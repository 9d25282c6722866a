"""The awss3 exporter: names, contents, and what each answer means. Objects meet a server in tests/faults/test_awss3.py."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import ValidationError

from collector.base32 import first_record_id
from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.testing.row_batch import Row, batch_of
from collector.transport.http_client import HttpAnswer
from exporters.awss3 import FACTORY
from exporters.awss3.answers import put_verdict
from exporters.awss3.carrier import AwsS3Carrier
from exporters.awss3.config import AwsS3Config
from exporters.awss3.exporter import AwsS3Exporter, Uploaded
from exporters.awss3.names import name_of
from otlp_wire import any_from_python

RECEIVED_MS = 1_732_961_641_288
"""2024-11-30T10:14:01.288Z"""
ID = f"{first_record_id(RECEIVED_MS)}00000"


def config(**options: Any) -> AwsS3Config:
    uploader = {"s3_bucket": "b", **options.pop("s3uploader", {})}
    return AwsS3Config.model_validate({"s3uploader": uploader, **options})


def exporter(**options: Any) -> AwsS3Exporter:
    made: AwsS3Exporter = FACTORY.create(config(**options), Context("awss3", Path()))
    return made


ADDRESSES = {
    "https://b.s3.us-east-1.amazonaws.com": {},
    "https://s3.eu-west-1.amazonaws.com/a.b": {"region": "eu-west-1", "s3_bucket": "a.b"},
    "https://b.s3.cn-north-1.amazonaws.com.cn": {"region": "cn-north-1"},
    "https://s3.us-east-1.amazonaws.com/b": {"s3_force_path_style": True},
    "http://minio:9000/b": {"endpoint": "http://minio:9000/", "s3_force_path_style": True},
    "http://b.minio:9000": {"endpoint": "minio:9000", "disable_ssl": True},
    "http://127.0.0.1:9000/b": {"endpoint": "http://127.0.0.1:9000"},
    "https://x.r2.cloudflarestorage.com": {"endpoint": "https://x.r2.cloudflarestorage.com", "s3_bucket": ""},
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_addresses(url: str) -> None:
    uploader = config(s3uploader=ADDRESSES[url]).s3uploader
    assert uploader.address(uploader.s3_bucket) == url


UPLOADERS = {
    "year=2024/month=11/day=30/hour=10/minute=14/logs_xxxxxxxxx.json": {},
    "base/pre/2024-11-30/app-logs_xxxxxxxxx.json.gz": {
        "s3_base_prefix": "base", "s3_prefix": "pre", "s3_partition_format": "%Y-%m-%d", "file_prefix": "app-", "compression": "gzip",
    },
    "11/logs_xxxxxxxxx.json": {"s3_partition_format": "%H", "s3_partition_timezone": "Europe/Berlin"},
}  # fmt: skip


@pytest.mark.parametrize("name", UPLOADERS)
def test_names(name: str) -> None:
    """The partition is of the time of receipt; the last part of the records."""
    made = name_of(batch_of([Row(ID)]), config(s3uploader=UPLOADERS[name]), "logs")
    front, _, back = made.partition("logs_")
    assert f"{front}logs_{'x' * 9}{back[9:]}" == name
    assert back[:9].isalnum()


def test_the_same_records_have_the_same_name() -> None:
    batches = [batch_of([Row(id_) for id_ in ids]) for ids in ([ID], [ID], [ID[:-1] + "1"], [ID, ID[:-1] + "1"])]
    names = [name_of(batch, config(), "logs") for batch in batches]
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_a_name_like_a_uuid_has_its_time_in_front() -> None:
    made = name_of(batch_of([Row(ID)]), config(s3uploader={"unique_key_func_name": "uuidv7"}), "logs")
    parts = made.rpartition("_")[2].removesuffix(".json").split("-")
    assert [len(part) for part in parts] == [8, 4, 4, 4, 12]
    assert int(parts[0] + parts[1], 16) == RECEIVED_MS
    assert parts[2][0] == "7"
    assert parts[3][0] in "89ab"


ROWS = [
    Row(ID, (("k", 1),), (("_sourceCategory", "c"), ("_sourceHost", "h"), ("_sourceName", 'n"'), ("r", "x"))),
    Row(ID[:-1] + "1", fields={"body": None, "body_any": any_from_python({"a": [1]})}),
]


def test_bodies_are_lines() -> None:
    assert exporter(marshaler="body").encode(batch_of(ROWS)).content == b'text\n{"a":[1]}\n'


def test_sumo_logics_format_and_what_does_not_fit_it() -> None:
    made = exporter(marshaler="sumo_ic")
    observed = pl.Series([1_732_961_641_500_000_000, 0])
    upload = made.encode(batch_of(ROWS).with_fields({"observed_time_unix_nano": observed}))
    [entry] = [orjson.loads(line) for line in upload.content.splitlines()]
    assert entry == {
        "date": "2024-11-30 10:14:01.5 +0000 UTC", "sourceName": 'n"', "sourceHost": "h", "sourceCategory": "c", "fields": {"r": "x"},
        "message": {"k": 1, "log": "text"},
    }  # fmt: skip
    assert upload.name.endswith(".sumo_ic")
    [rejected] = made.classify(Uploaded(OK, upload))
    assert isinstance(rejected, Reject)
    assert rejected.items is not None
    assert rejected.items.tolist() == [1]
    rejected, again = made.classify(Uploaded(HttpAnswer(500, {}, b""), upload))
    assert isinstance(again, Retry)
    assert again.items is not None
    assert again.items.tolist() == [0]


def test_nothing_that_fits_is_no_object() -> None:
    upload = exporter(marshaler="sumo_ic").encode(batch_of(ROWS[1:]))
    assert upload.content == b""
    assert [type(each) for each in exporter(marshaler="sumo_ic").classify(Uploaded(None, upload))] == [Reject]


def test_otlp_and_its_compression() -> None:
    """The same bytes each time."""
    plain, zipped = (exporter(s3uploader={"compression": each}).encode(batch_of(ROWS)) for each in ("", "gzip"))
    assert gzip.decompress(zipped.content) == plain.content
    assert exporter(s3uploader={"compression": "gzip"}).encode(batch_of(ROWS)).content == zipped.content
    records = orjson.loads(plain.content)["resourceLogs"]
    assert len(records) == 2
    assert exporter(marshaler="otlp_proto").encode(batch_of(ROWS)).name.endswith(".binpb")


def test_attributes_of_the_resource_say_where_records_go() -> None:
    """One object for each place; what is no bucket's name goes to the bucket of the options."""
    rows = [
        Row("1", resource=(("bucket", "other-bucket"), ("prefix", "/a/b/"))),
        Row("2", resource=(("bucket", "No Bucket!"),)),
        Row("3"),
    ]
    made = exporter(
        resource_attrs_to_s3={"s3_bucket": "bucket", "s3_prefix": "prefix"},
        s3uploader={"s3_prefix": "p", "s3_base_prefix": "base"},
    )
    batch = batch_of(rows)
    assert made.one_request_per(batch).to_list() == ["other-bucket\x1fa/b", "b\x1fp", "b\x1fp"]
    first, second = made.encode(batch.slice(0, 1)), made.encode(batch.slice(1, 2))
    assert (first.bucket, first.name.startswith("base/a/b/year=")) == ("other-bucket", True)
    assert (second.bucket, second.name.startswith("base/p/year=")) == ("b", True)


@pytest.mark.parametrize(
    "prefix",
    ["../../other-bucket/x", "..", "a/../b", "./a", "a/.", "a\x1fb", "a\nb", "ä" * 257],
    ids=map(str, range(8)),
)
def test_a_prefix_that_leads_elsewhere_or_is_none_goes_to_that_of_the_options(prefix: str) -> None:
    """The attribute is the sender's."""
    made = exporter(resource_attrs_to_s3={"s3_prefix": "prefix"}, s3uploader={"s3_prefix": "p"})
    batch = batch_of([Row("1", resource=(("prefix", prefix),)), Row("2", resource=(("prefix", "a/..b/c..d"),))])
    assert made.one_request_per(batch).to_list() == ["b\x1fp", "b\x1fa/..b/c..d"]


OK = HttpAnswer(200, {"ETag": '"x"'}, b"")
ANSWERS = {
    "taken": (OK, Ok()),
    "somebody else": (HttpAnswer(200, {}, b""), Blocked),
    "slow down": (HttpAnswer(503, {}, b"<Error><Code>SlowDown</Code><Message>Reduce</Message></Error>"), Retry),
    "in itself": (HttpAnswer(500, {}, b"<Error><Code>InternalError</Code></Error>"), Retry),
    "too late": (HttpAnswer(400, {}, b"<Error><Code>RequestTimeout</Code></Error>"), Retry),
    "too large": (HttpAnswer(400, {}, b"<Error><Code>EntityTooLarge</Code></Error>"), Split),
    "no right": (HttpAnswer(403, {}, b"<Error><Code>AccessDenied</Code></Error>"), Blocked),
    "a wrong clock": (HttpAnswer(403, {}, b"<Error><Code>RequestTimeTooSkewed</Code></Error>"), Blocked),
    "no bucket": (HttpAnswer(404, {}, b"<Error><Code>NoSuchBucket</Code></Error>"), Blocked),
    "elsewhere": (HttpAnswer(301, {}, b"<Error><Code>PermanentRedirect</Code></Error>"), Blocked),
    "a connection": (ConnectionResetError(), Retry),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers(case: str) -> None:
    answer, wanted = ANSWERS[case]
    found = put_verdict(answer)
    assert found == wanted or (isinstance(wanted, type) and isinstance(found, wanted))
    if case in ("slow down", "no right"):
        assert ("SlowDown: Reduce" if case == "slow down" else "AccessDenied") in found.reason  # type: ignore[union-attr]
    assert not isinstance(found, Retry) or found.throttled == (case == "slow down")


REFUSED = {
    "bucket or endpoint is required": {"s3uploader": {"s3_bucket": ""}},
    "use `marshaler`": {"encoding": "text_encoding"},
    "does not support compression": {"marshaler": "sumo_ic", "s3uploader": {"compression": "gzip"}},
    "is no time zone": {"s3uploader": {"s3_partition_timezone": "Mars/Olympus"}},
    "STANDARD": {"s3uploader": {"storage_class": "COLD"}},
}


@pytest.mark.parametrize("words", REFUSED)
def test_options_that_can_not_be(words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        config(**REFUSED[words])


@pytest.mark.parametrize("marshaler", ["otlp_json", "otlp_proto"])
def test_other_signals_are_objects_of_their_own(marshaler: str) -> None:
    """As they came, or as OTLP JSON with ids in hexadecimal."""
    request = ExportTraceServiceRequest()
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(name="s", trace_id=b"\x01" * 16, span_id=b"\x02" * 8, kind=2)
    )
    span.attributes.add(key="raw").value.bytes_value = b"\xff"
    body = request.SerializeToString()
    carrier = AwsS3Carrier(config(marshaler=marshaler), Context("awss3", Path(), signals=("traces",)))
    batch = LogBatch.of({"record_id": [ID], "body_any": [any_from_python(body)], "domain": ["d"]})
    upload = carrier.encode(batch)
    assert "traces_" in upload.name
    if marshaler == "otlp_proto":
        assert upload.content == body
        return
    [told] = orjson.loads(upload.content)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert told == {
        "name": "s", "traceId": "01" * 16, "spanId": "02" * 8, "kind": 2, "attributes": [{"key": "raw", "value": {"bytesValue": "/w=="}}],
    }  # fmt: skip


def test_bodies_alone_carry_no_other_signal() -> None:
    assert config(marshaler="body").carries("traces") == "traces can't be marshaled into txt format"
    assert config().carries("metrics") == ""
