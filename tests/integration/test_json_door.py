"""The `json` receiver over HTTP: answers, credentials, CORS, compression, domains; and what is kept of it."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from pathlib import Path

import cramjam
import pytest
import zstandard

from collector.admission.quotas import Quotas
from collector.component import Context
from collector.domains.quotas import QuotaBook, QuotaRules
from collector.domains.resolver import DomainRules
from collector.errors import ConfigError, Exhausted, Unavailable
from collector.extensions.bearertokenauth import FACTORY as BEARER
from collector.receivers.json import FACTORY
from collector.receivers.json.config import FORMATS, JsonReceiverConfig
from collector.settings import load
from collector.testing.intake import MemoryIntake
from collector.transport.probe import Probe, ask
from counterparts.certificates import Authority
from counterparts.json_door import json_door

ONE = '{"level":"error","message":"boom"}'


@pytest.fixture(scope="module")
def door():
    with json_door() as running:
        yield running


def test_curl(door):
    """`curl -d` sends a form's media type; what it holds is JSON."""
    answer = door.post("/logs", ONE, content_type="application/x-www-form-urlencoded")
    assert (answer.status, answer.json) == (202, {"accepted": 1})
    assert door.records[-1] == {"severity": 17, "severity_text": "error", "body": "boom"}


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/logs", 202, {"accepted": 1}), ("/loki/api/v1/push", 204, None), ("/api/v2/logs", 202, {"accepted": 1}),
        ("/v1/input/some-key", 202, {"accepted": 1}), ("/gelf", 202, {"accepted": 1}), ("/cloudflare/logpush", 200, {"accepted": 1}),
        ("/events", 200, {"accepted": 1}),
    ],
)  # fmt: skip
def test_each_shape_has_its_answer(door, path, status, body):
    """As its senders expect it."""
    sent = '{"streams":[{"stream":{},"values":[["1","x"]]}]}' if "loki" in path else ONE
    answer = door.post(path, sent, content_type="application/json")
    assert answer.status == status
    assert (answer.json if answer.body else None) == body


@pytest.mark.parametrize(
    "path", ["/logs", "/loki/api/v1/push", "/v1/logs", "/cloudflare/logpush", "/api/v2/logs", "/gelf"]
)
def test_an_empty_request_is_taken(door, path):
    """Workers Logs preflights its destinations so, and our own probe asks so."""
    before = len(door.intake.payloads)
    assert door.post(path, b"").status in (200, 202, 204)
    assert len(door.intake.payloads) == before


ENCODED = {
    "gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress, "lz4": lambda body: bytes(cramjam.lz4.compress(body)),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODED)
def test_compressed(door, encoding):
    """Small ones on the loop, large ones on a thread."""
    for records in (1, 5000):
        body = ENCODED[encoding]("\n".join([ONE] * records).encode())
        assert door.post("/logs", body, content_encoding=encoding).json == {"accepted": records}


def test_gzip_that_does_not_say_so(door):
    """As some uploaders send it."""
    assert door.post("/cloudflare/logpush", gzip.compress(b'{"content":"tests"}')).json == {"accepted": 0}


@pytest.mark.parametrize("media", ["application/json", "application/msgpack"])
def test_two_encodings_that_are_one(door, media):
    """As pygelf says it; what the body is decides."""
    packed = b"\x91\x81\xa3msg\xa1x" if "msgpack" in media else ONE.encode()
    for compress in (gzip.compress, zlib.compress):
        answer = door.post("/logs", compress(packed), content_encoding="gzip,deflate", content_type=media)
        assert answer.json == {"accepted": 1}
    assert door.post("/logs", packed, content_encoding="gzip,deflate", content_type=media).status == 202


def test_problems_say_where(door):
    """All or nothing; RFC 9457."""
    before = len(door.intake.payloads)
    answer = door.post("/logs", f"{ONE}\n{{broken\n{ONE}")
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json == {
        "type": "about:blank", "title": "Bad Request", "status": 400, "detail": "line 2: not valid JSON", "line": 2,
    }  # fmt: skip
    assert len(door.intake.payloads) == before


def test_skip_takes_the_others(door):
    """And counts what was left out as refused records."""
    before = door.admission.statistics().refused_records.get("PartialSuccess", 0)
    answer = door.post("/logs?on_error=skip", f"{ONE}\n{{broken\n{ONE}")
    assert answer.json == {"accepted": 2, "skipped": 1, "first": "line 2: not valid JSON"}
    assert door.admission.statistics().refused_records["PartialSuccess"] == before + 1


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/nothing", "POST", 404), ("/logs", "GET", 405), ("/health_check", "GET", 200)]
)
def test_other_requests(door, path, method, status):
    """In words."""
    assert door.post(path, b"", method).status == status


def test_sizes(door):
    """4 MiB, 16 MiB for Logpush; also after decompression."""
    bomb = gzip.compress(b'{"message":"' + b"x" * (5 << 20) + b'"}')
    assert door.post("/logs", bomb, content_encoding="gzip").status == 413
    assert door.post("/cloudflare/logpush", bomb, content_encoding="gzip").status == 200
    assert door.post("/cloudflare/logpush", gzip.compress(b" " * (17 << 20)), content_encoding="gzip").status == 413


def test_equal_requests_without_times_are_told_apart_by_nobody(door):
    """And the same bytes for two services are two payloads, by their digests."""
    for service in "ab":
        door.post(f"/api/v2/logs?service={service}", '{"message":"x","timestamp":1764411072123}')
    first, second = door.intake.payloads[-2:]
    assert len(first.body) == len(second.body)
    assert first.digest != second.digest


def test_who_sends():
    """Asked before the path is looked at and the body read; with the challenge."""
    extension = BEARER.create(BEARER.config.model_validate({"token": "good"}), Context("tokens", Path()))
    extension.start()
    with json_door({"auth": {"authenticator": "tokens"}}, extensions={"tokens": extension}) as door:
        refused = door.post("/logs", ONE)
        assert (refused.status, refused.headers["www-authenticate"].startswith("Bearer")) == (401, True)
        assert door.post("/nowhere", ONE).status == 401
        assert door.post("/logs", ONE, authorization="Bearer good").json == {"accepted": 1}
        assert door.post("/v1/logs", b"", authorization="Bearer good").status == 200
        assert ask(Probe("http", "/logs"), door.address, 5.0) == ""


def test_browsers():
    """A preflight is answered, and answers carry the permission, also refusals."""
    cors = {"cors": {"allowed_origins": ["https://tamyla.com"], "allowed_headers": ["authorization"]}}
    with json_door(cors) as door:
        asked = {
            "origin": "https://tamyla.com",
            "access_control_request_method": "POST",
            "access_control_request_headers": "authorization",
        }
        preflight = door.post("/logs", b"", "OPTIONS", **asked)
        assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (204, "https://tamyla.com")
        for body in (ONE, "broken"):
            assert (
                door.post("/logs", body, origin="https://tamyla.com").headers["access-control-allow-origin"]
                == "https://tamyla.com"
            )


def test_the_host_gives_the_domain():
    """As for OTLP."""
    with json_door(rules=DomainRules(names=["tamyla.com"], default=None)) as door:
        assert door.post("/logs", ONE, host="logger.tamyla.com").status == 202
        assert door.post("/logs", ONE, host="other.example").status == 403
        assert [payload.domain for payload in door.intake.payloads] == ["tamyla.com"]


@pytest.mark.parametrize(("refusal", "status"), [(Exhausted("slow down"), 429), (Unavailable("full"), 503)])
def test_hints(refusal, status):
    """Seconds, whole."""
    with json_door(intake=MemoryIntake(refusal)) as door:
        answer = door.post("/logs", ONE)
        assert (answer.status, answer.headers["retry-after"] in ("1", "2")) == (status, True)


def test_records_above_a_sampled_quota_are_not_said_to_be_accepted(tmp_path):
    """The answer of the door counts what is on disk."""
    book = QuotaBook(tmp_path / "quotas", 0, 1)
    book.connect({}, 0)
    quotas = Quotas(QuotaRules({"records": 1}, "sample", 1_000_000), book)
    with json_door(behind=[quotas.check]) as door:
        assert door.post("/logs", ONE).json == {"accepted": 1}
        answer = door.post("/logs", f"{ONE}\n{ONE}").json
        assert answer["accepted"] == 0
        assert "may send a day" in answer["message"]


def test_webhooks():
    """Headers become attributes, credentials never; a header may be required."""
    webhook = {"convert_headers_to_attributes": True, "required_header": {"key": "X-Hook", "value": "yes"}, "split_logs_at_newline": True,
               "path": "/hook"}  # fmt: skip
    with json_door({"webhook": webhook}) as door:
        assert door.post("/hook", "a").status == 401
        assert (
            door.post("/hook", "a\nb", x_hook="yes", x_api_key="k", x_hub_signature_256="s", user_agent="u").status
            == 200
        )
        assert [record["body"] for record in door.records] == ["a", "b"]
        assert door.records[0]["attributes"]["header.user-agent"] == "u"
        assert not {"header.x-api-key", "header.x-hub-signature-256"} & door.records[0]["attributes"].keys()
    with json_door({"webhook": {"split_logs_at_json_boundary": True}}) as door:
        assert door.post("/events", '{"a":1}{"b":2}').json == {"accepted": 2}
        assert [record["body"] for record in door.records] == ['{"a":1}', '{"b":2}']


def test_tls_and_a_used_address(tmp_path):
    """A listener like any other."""
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    with json_door({"tls": {"cert_file": str(pair.cert), "key_file": str(pair.key)}}) as door:
        assert ask(Probe("http", "/logs", tls=True), door.address, 5.0) == ""
        config = JsonReceiverConfig.model_validate({"endpoint": door.address})
        with pytest.raises(ConfigError, match="cannot listen on"):
            FACTORY.create(config, Context("json", tmp_path)).start(door.admission)


def test_many_at_once(door):
    """Threads beside the loop."""
    body = "\n".join([json.dumps({"message": "x" * 50, "n": n}) for n in range(2000)])
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(door.post("/logs", body).json["accepted"])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2000] * 8


def test_the_example_configuration():
    """config/json.yaml: guarded, and fed into the pipeline."""
    settings = load([str(Path(__file__).parents[2] / "config" / "json.yaml")], environ={"LOGBOOM_TOKEN": "t"})
    assert settings.receivers["json"].config == JsonReceiverConfig.model_validate(
        {"auth": {"authenticator": "bearertokenauth"}}
    )
    assert settings.service.pipelines["logs"].receivers == ["json", "otlp"]


def test_options():
    """Loopback by default; who is open to others is told."""
    config = JsonReceiverConfig()
    assert (config.endpoint, config.formats, config.open_to_others()) == ("localhost:8081", list(FORMATS), {})
    assert JsonReceiverConfig(endpoint="0.0.0.0:8081").open_to_others() == {"endpoint": "0.0.0.0:8081"}
    assert list(config.probes()) == ["json"]
    for wrong in ({"formats": []}, {"formats": ["xml"]}, {"webhook": {"header_attribute_regex": "("}}, {"endpoint": "8081"},
                  {"webhook": {"split_logs_at_newline": True, "split_logs_at_json_boundary": True}}):  # fmt: skip
        with pytest.raises(ValueError):
            JsonReceiverConfig.model_validate(wrong)
