"""The webhook exporter against a real server: what is sent, what each answer means, what is never shown."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from pathlib import Path

import pytest
import zstandard
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.component import Context
from collector.documents.models import texts
from collector.outcomes import Blocked, Ok, Retry, Split
from collector.samples import batch_of
from collector.testing.text_batch import text_batch
from counterparts.cef_reader import read_cef
from counterparts.examples import examples
from counterparts.leef_reader import read_leef
from counterparts.ocsf_schema import problems
from exporters.webhook.config import HttpConfig
from exporters.webhook.exporter import HttpExporter

CODE = "c0de-that-nobody-may-see"


class Intake:
    """Keeps method, path, headers and body of each request, as they came over the wire."""

    def __init__(self, answer=lambda request: web.Response()):
        self.answer, self.seen = answer, []

    async def handle(self, request):
        request._client_max_size = 64 << 20
        self.seen.append((request.method, request.path_qs, request.headers, await request.read()))
        return self.answer(request)


def talk(intake, options, *batches):
    """Serve, send each batch, give the verdicts."""

    async def main():
        runner = web.ServerRunner(web.Server(intake.handle, auto_decompress=False))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/in/{CODE}?q=1"
        exporter = HttpExporter(HttpConfig.model_validate({"url": url, **options}), Context("http", Path()))
        await exporter.start()
        verdicts = []
        try:
            for batch in batches:
                try:
                    async with asyncio.timeout(20):
                        answer = await exporter.send(exporter.encode(batch))
                except Exception as error:  # noqa: BLE001  delivery does the same
                    answer = error
                verdicts += exporter.classify(answer)
        finally:
            await exporter.shutdown()
            await exporter.shutdown()
            await runner.cleanup()
        return verdicts

    return asyncio.run(main())


SAMPLES = [
    {"body": "one", "severity": "ERROR", "attributes": {"user.name": "ada"}, "resource": {"service.name": "shop"}},
    {"body": "two\nlines", "event_name": "e"},
    {"body": {"k": [1, None]}},
]
NDJSON, TEXT = "application/x-ndjson", "text/plain; charset=utf-8"
MODELS = {
    "json": (NDJSON, json.loads),
    "ocsf": (NDJSON, lambda line: problems(line) == []),
    "ecs": (NDJSON, json.loads),
    "cef": (TEXT, read_cef),
    "leef": (TEXT, read_leef),
    "text": (TEXT, lambda line: line),
}


@pytest.mark.parametrize("model", MODELS)
def test_lines(model):
    """Each record on a line of its own, in the model that was asked for, to the whole URL."""
    intake, (media_type, read) = Intake(), MODELS[model]
    assert talk(intake, {"format": model, "compression": "none"}, batch_of(SAMPLES)) == [Ok()]
    ((method, path, headers, body),) = intake.seen
    assert (method, path, headers["Content-Type"]) == ("POST", f"/in/{CODE}?q=1", media_type)
    assert "Content-Encoding" not in headers
    *lines, end = body.decode().split("\n")
    assert (len(lines), end) == (len(SAMPLES), "")
    assert all(read(line) for line in lines)


@pytest.mark.parametrize("model", ["json", "ocsf", "ecs"])
def test_array(model):
    """One JSON array, its elements the lines of the other framing."""
    intake, batch = Intake(), batch_of(SAMPLES)
    assert talk(intake, {"format": model, "framing": "array", "compression": "none"}, batch) == [Ok()]
    assert intake.seen[0][2]["Content-Type"] == "application/json"
    assert json.loads(intake.seen[0][3]) == [json.loads(text) for text in texts(batch, model)]


def test_json_says_it_all():
    """Every field under its name, what is absent left out."""
    intake = Intake()
    sample = {"body": "b", "severity": "WARN", "severity_text": "warn", "event_name": "e", "scope": "s", "attributes": {"a": 1},
              "resource": {"r": "x"}, "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
              "time_unix_nano": 1_700_000_000_123_456_789}  # fmt: skip
    talk(intake, {"compression": "none"}, batch_of([sample, {}]))
    full, empty = map(json.loads, intake.seen[0][3].decode().splitlines())
    assert full.pop("record_id") != empty.pop("record_id")
    assert empty.pop("observed_timestamp") > "2026"  # it came, so it was observed
    assert empty == {"domain": "default"}
    assert full == {
        "timestamp": "2023-11-14T22:13:20.123456789Z", "severity_number": 13, "severity_text": "warn", "event_name": "e", "body": "b",
        "trace_id": sample["trace_id"], "span_id": sample["span_id"], "domain": "default", "scope_name": "s", "resource": {"r": "x"},
        "attributes": {"a": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("compression", "unpack"),
    [("gzip", gzip.decompress), ("deflate", zlib.decompress), ("zstd", zstandard.decompress)],
)
def test_compression(compression, unpack):
    """Named in Content-Encoding."""
    intake = Intake()
    assert talk(intake, {"format": "text", "compression": compression}, text_batch(["a", "b"])) == [Ok()]
    _, _, headers, body = intake.seen[0]
    assert headers["Content-Encoding"] == compression
    assert unpack(body) == b"a\nb\n"


def test_method_headers_and_type():
    """All three are options."""
    intake = Intake()
    talk(
        intake,
        {"method": "PUT", "headers": {"X-Sumo-Category": "prod"}, "content_type": "text/json"},
        text_batch(["a"]),
    )
    method, _, headers, _ = intake.seen[0]
    assert (method, headers["X-Sumo-Category"], headers["Content-Type"]) == ("PUT", "prod", "text/json")


@pytest.mark.parametrize(("framing", "most"), [("ndjson", 2048), ("array", 2048)])
def test_bodies_are_exactly_as_large_as_allowed(framing, most):
    """The last byte counts: a body of `max_body_bytes` is sent, one more is not."""
    intake = Intake()
    options = {"framing": framing, "max_body_bytes": most, "compression": "none"}
    talk(intake, options, text_batch(["x"]))
    room = most - len(intake.seen[0][3]) + 1
    fits, over = talk(intake, options, text_batch(["x" * room]), text_batch(["x" * (room + 1)]))
    assert fits == Ok()
    assert isinstance(over, Split)
    assert over.too_large
    assert len(intake.seen[-1][3]) == most
    assert len(intake.seen) == 2


HINT = {"Retry-After": "7"}
ANSWERS = {
    "200": (200, {}, Ok()),
    "202": (202, {}, Ok()),
    "204": (204, {}, Ok()),
    "redirect": (302, {"Location": "http://127.0.0.1:9/"}, Blocked("302 Found")),
    "bad request": (400, {}, Split("400 Bad Request")),
    "unauthorized": (401, {}, Blocked("401 Unauthorized")),
    "forbidden": (403, {}, Blocked("403 Forbidden")),
    "not found": (404, {}, Blocked("404 Not Found")),
    "timeout": (408, {}, Retry("408 Request Timeout")),
    "conflict": (409, {}, Blocked("409 Conflict")),
    "too large": (413, {}, Split("413 Content Too Large", too_large=True)),
    "unprocessable": (422, {}, Split("422 Unprocessable Content")),
    "too many": (429, HINT, Retry("429 Too Many Requests", after_secs=7.0, throttled=True)),
    "error": (500, {}, Retry("500 Internal Server Error")),
    "unavailable": (503, HINT, Retry("503 Service Unavailable", after_secs=7.0, throttled=True)),
    "a status of their own": (599, {}, Retry("599")),
}


@pytest.mark.parametrize(("status", "headers", "verdict"), ANSWERS.values(), ids=ANSWERS)
def test_answers(status, headers, verdict):
    """Each status by the table of the README; the answer's text is not repeated, it may hold the secret."""
    intake = Intake(lambda request: web.Response(status=status, headers=headers, text=f"no: {request.path_qs}"))
    (found,) = talk(intake, {}, text_batch(["a"]))
    assert CODE not in repr(found)
    if isinstance(verdict, Ok):
        assert found == Ok()
    else:
        assert (type(found), found.reason.split(" ")[0]) == (type(verdict), verdict.reason.split(" ")[0])
        for name in ("after_secs", "throttled", "too_large"):
            assert getattr(found, name, None) == getattr(verdict, name, None)


@pytest.mark.parametrize(
    ("status", "kind"), [(200, Blocked), (202, Ok), (409, Ok), (400, Split), (500, Retry), (302, Blocked)]
)
def test_success_statuses(status, kind):
    """What is listed is delivered; another 2xx comes from somebody else."""
    intake = Intake(lambda request: web.Response(status=status))
    (found,) = talk(intake, {"success_statuses": [202, 409]}, text_batch(["a"]))
    assert isinstance(found, kind)


def test_a_dead_address_is_retried_and_not_shown():
    """The host and port may be named, the path never."""

    async def main():
        exporter = HttpExporter(HttpConfig(url=f"http://127.0.0.1:9/{CODE}"), Context("http", Path()))
        await exporter.start()
        try:
            await exporter.send(exporter.encode(text_batch(["a"])))
        except Exception as error:  # noqa: BLE001  delivery does the same
            return exporter.classify(error)
        finally:
            await exporter.shutdown()

    (found,) = asyncio.run(main())
    assert isinstance(found, Retry)
    assert "127.0.0.1:9" in found.reason
    assert CODE not in found.reason


REFUSED = {
    "no URL": ({}, "url and endpoint"),
    "two URLs": ({"url": "https://a.example", "endpoint": "https://a.example"}, "url and endpoint"),
    "no URL at all": ({"url": f"siem/{CODE}"}, "is not a URL"),
    "in the clear": ({"url": f"http://siem.example/{CODE}"}, "allow_plain_http"),
    "two credentials": (
        {"url": f"https://me:{CODE}@a.example", "headers": {"authorization": "Bearer x"}},
        "url holds a user name or password",
    ),
    "two credentials, the other way": (
        {"endpoint": f"https://me:{CODE}@a.example", "headers": {"Authorization": "Bearer x"}},
        "endpoint holds a user name or password",
    ),
    "CEF in an array": ({"url": "https://a.example", "format": "cef", "framing": "array"}, "cef is not JSON"),
    "a line break in the type": ({"url": "https://a.example", "content_type": "a\r\nX: y"}, "content_type"),
    "status": ({"url": "https://a.example", "success_statuses": [99]}, "success_statuses"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_options_that_make_no_sense(options, message):
    """Refused at start, without the URL in the message."""
    with pytest.raises(ValueError, match=message) as refusal:
        HttpConfig.model_validate(options)
    assert all(CODE not in error["msg"] for error in refusal.value.errors())


def test_the_url_is_a_secret():
    """Neither shown nor dumped; `endpoint` is the name for one that may be."""
    config = HttpConfig(url=f"https://siem.example/{CODE}")
    assert CODE not in repr(config)
    assert CODE not in config.model_dump_json()
    assert HttpConfig(endpoint="https://siem.example/x").address == "https://siem.example/x"


def test_plain_http_can_be_allowed():
    """By its own option, for closed networks."""
    assert HttpConfig(url="http://siem.example/x", allow_plain_http=True).address.startswith("http:")


LINES = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n\r\x0b\x0c\x1c\x85\u2028\u2029\x1b"))


@pytest.mark.slow
@settings(max_examples=examples(200))
@given(st.lists(LINES, min_size=1, max_size=5))
def test_plain_lines_cannot_be_forged(bodies):
    """However a reader splits lines, it finds as many as there are records."""
    lines = texts(text_batch(bodies), "text").to_list()
    assert len("\n".join([*lines, "end"]).splitlines()) == len(bodies) + 1
    assert [line for body, line in zip(bodies, lines, strict=True) if body.isprintable() and line != body] == []
