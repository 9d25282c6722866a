"""Keys over both protocols: every answer of the table, browsers' keys and their limits, and no part of a key in any of it."""

from __future__ import annotations

import http.client
import json
from contextlib import closing

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.component import Context
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key, KeyKind, NewKey, new_key
from collector.domains.resolver import DomainRules
from collector.extensions.api_keys import FACTORY
from collector.receivers.otlp.config import GRPC_PATH
from collector.testing.payloads import payload
from counterparts.receiving import receiving

AUTH = {"auth": {"authenticator": "api_keys"}}
GUARDED = {"protocols": {"grpc": AUTH, "http": AUTH}}
RULES = DomainRules(names=["tamyla.com", "other.example"], default=None)
PROTOBUF = {"content-type": "application/x-protobuf"}
PAGE = "https://shop.example"


class Keys:
    """Keys of `tamyla.com`, and the extension that reads them."""

    def __init__(self, folder) -> None:
        self._store = KeyStore(folder / FILE)
        self.good = self.add()
        self.reader = self.add(KeyKind.READER)
        self.elsewhere = self.add(networks=["198.51.100.0/24"])
        self.expired = self.add(expires_at=1)
        self.revoked = self.add(revoked_at=1)
        self.page = self.add(KeyKind.BROWSER, origins=[PAGE])
        self.any_page = self.add(KeyKind.BROWSER)
        self.agency = self.add(multi_domain=True)
        self.lost = self.add(domain="nobody.example")
        self.stranger = new_key(KeyKind.INGEST)
        self.extension = FACTORY.create(FACTORY.config(), Context("api_keys", folder))
        self.extension.start()

    def add(self, kind=KeyKind.INGEST, domain="tamyla.com", **fields) -> NewKey:
        made = new_key(kind)
        self._store.add(Key(made.id, kind, domain, made.digest, **fields))
        return made


@pytest.fixture
def keys(tmp_path):
    found = Keys(tmp_path)
    yield found
    found.extension.shutdown()


def over_http(running, headers, body=None, path="/v1/logs", method="POST") -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection(running.http, timeout=10)) as connection:
        connection.request(method, path, payload() if body is None else body, {"host": "tamyla.com", **headers})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def over_grpc(running, headers, body=None) -> tuple[int, str]:
    with grpc.insecure_channel(
        running.grpc, options=[("grpc.default_authority", headers.get("host", "tamyla.com"))]
    ) as channel:
        metadata = [(name, value) for name, value in headers.items() if name != "host"]
        try:
            channel.unary_unary(GRPC_PATH)(payload() if body is None else body, timeout=10, metadata=metadata)
        except grpc.RpcError as error:
            return error.code().value[0], error.details() or ""
        return 0, ""


ANSWERS = {
    "good": ("good", {}, 200, 0, None),
    "none": (None, {}, 401, 16, 'Bearer realm="logboom"'),
    "unknown": ("stranger", {}, 401, 16, 'Bearer realm="logboom", error="invalid_token"'),
    "expired": ("expired", {}, 401, 16, 'Bearer realm="logboom", error="invalid_token"'),
    "revoked": ("revoked", {}, 401, 16, 'Bearer realm="logboom", error="invalid_token"'),
    "for reading": ("reader", {}, 403, 7, 'Bearer realm="logboom", error="insufficient_scope", scope="logs:write"'),
    "another network": ("elsewhere", {}, 403, 7, None),
    "another domain's host": ("good", {"host": "other.example"}, 403, 7, None),
    "another domain's host, and it may": ("agency", {"host": "other.example"}, 200, 0, None),
    "a domain that nobody knows": ("lost", {}, 403, 7, None),
    "another page": ("page", {"origin": "https://evil.example"}, 403, 7, None),
    "no page": ("page", {}, 403, 7, None),
    "its page": ("page", {"origin": PAGE}, 200, 0, None),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers(keys, case):
    """Each case has its status over HTTP and its code over gRPC, the same words, and its challenge."""
    name, headers, status, code, challenge = ANSWERS[case]
    key = getattr(keys, name) if name else None
    shown = {"authorization": f"Bearer {key.text}", **headers} if key else headers
    with receiving(GUARDED, rules=RULES, extensions={"api_keys": keys.extension}) as running:
        got, answered, body = over_http(running, {"content-type": "application/json", **shown}, b'{"resourceLogs":[]}')
        assert (got, answered.get("www-authenticate")) == (status, challenge)
        told = over_grpc(running, shown)
        assert told[0] == code
        if code:
            assert json.loads(body)["message"] == told[1]
            assert json.loads(body)["code"] == code
        if key is not None:
            assert key.text[4:] not in f"{body!r}{answered}{told}"


def test_two_credentials_are_ambiguous(keys):
    """400: which one would count differs from server to server."""
    with receiving(GUARDED, rules=RULES, extensions={"api_keys": keys.extension}) as running:
        with closing(http.client.HTTPConnection(running.http, timeout=10)) as connection:
            connection.putrequest("POST", "/v1/logs")
            for text in (keys.stranger.text, keys.good.text):
                connection.putheader("authorization", f"Bearer {text}")
            connection.putheader("content-length", "0")
            connection.endheaders()
            assert connection.getresponse().status == 400
        with grpc.insecure_channel(running.grpc) as channel:
            twice = [("authorization", f"Bearer {keys.good.text}")] * 2
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(GRPC_PATH)(payload(), timeout=10, metadata=twice)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def trusts(running) -> list[list[str]]:
    """The mark of each record that came through."""
    return [
        [pair.value.string_value for pair in record.attributes if pair.key == "logboom.sender.trust"]
        for each in running.intake.payloads
        for resource_logs in ExportLogsServiceRequest.FromString(each.body).resource_logs
        for scope_logs in resource_logs.scope_logs
        for record in scope_logs.log_records
    ]


CLAIMS = b"""{"resourceLogs":[{"scopeLogs":[{"logRecords":[
{"body":{"stringValue":"a"},"attributes":[{"key":"logboom.sender.trust","value":{"stringValue":"secret"}},
{"key":"x","value":{"stringValue":"y"}},{"key":"logboom.sender.trust","value":{"intValue":"1"}}]},{"body":{"stringValue":"b"}}]}]}]}"""


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_what_a_page_sends_is_marked(keys, protocol):
    """Each record says that a stranger may have written it, whatever the stranger wrote there; others' records don't."""
    from otlp_wire import json_to_protobuf

    body = json_to_protobuf(CLAIMS)
    with receiving(GUARDED, rules=RULES, extensions={"api_keys": keys.extension}) as running:
        for key in (keys.any_page, keys.good):
            headers = {"authorization": f"Bearer {key.text}"}
            if protocol == "grpc":
                assert over_grpc(running, headers, body)[0] == 0
            else:
                assert over_http(running, {**PROTOBUF, **headers}, body)[0] == 200
        assert trusts(running) == [["public"], ["public"], ["secret", ""], []]
        first = ExportLogsServiceRequest.FromString(running.intake.payloads[0].body).resource_logs[0].scope_logs[0]
        assert [pair.value.string_value for pair in first.log_records[0].attributes if pair.key == "x"] == ["y"]


def test_a_beacon(keys):
    """`sendBeacon`: the key in the query, JSON under text/plain; with no other key, and without a key never."""
    text = {"content-type": "text/plain;charset=UTF-8", "origin": PAGE}
    with receiving(GUARDED, rules=RULES, extensions={"api_keys": keys.extension}) as running:
        assert over_http(running, text, CLAIMS, f"/v1/logs?key={keys.page.text}")[0] == 200
        assert over_http(running, text, CLAIMS, f"/v1/logs?key={keys.good.text}")[0] == 401
        assert over_http(running, {**text, "authorization": f"Bearer {keys.good.text}"}, CLAIMS)[0] == 415
        assert over_http(running, {**text, "origin": "null"}, CLAIMS, f"/v1/logs?key={keys.page.text}")[0] == 403
        assert trusts(running) == [["public"], ["public"]]
    with receiving(rules=RULES) as running:
        assert over_http(running, text, CLAIMS)[0] == 415


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_page_sends_little(keys, encoding):
    """64 KiB, on the wire and decoded, over both protocols; secret keys have the listener's limit."""
    import gzip

    body = payload(1, "x" * 70_000)
    sent, headers = (gzip.compress(body), {"content-encoding": "gzip"}) if encoding else (body, {})
    with receiving(GUARDED, rules=RULES, extensions={"api_keys": keys.extension}) as running:
        for key, status in ((keys.any_page, 413), (keys.good, 200)):
            assert over_http(running, {**PROTOBUF, **headers, "authorization": f"Bearer {key.text}"}, sent)[0] == status
        assert over_grpc(running, {"authorization": f"Bearer {keys.any_page.text}"}, body)[0] == 8
        assert running.admission.statistics().refused_requests == {"TooLarge": 2}


def test_cross_origin(keys):
    """A page may show its key in a header, read the hint, and sees answers of all kinds."""
    cors = {"protocols": {"http": {**AUTH, "cors": {"allowed_origins": [PAGE]}}}}
    with receiving(cors, rules=RULES, extensions={"api_keys": keys.extension}) as running:
        asked = {
            "origin": PAGE, "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,x-api-key",
        }  # fmt: skip
        status, headers, _ = over_http(running, asked, b"", method="OPTIONS")
        assert (status, headers["access-control-allow-headers"]) == (204, "authorization, content-type, x-api-key")
        for key, expected in ((keys.page, 200), (keys.stranger, 401), (keys.reader, 403)):
            sent = {**PROTOBUF, "authorization": f"Bearer {key.text}", "origin": PAGE}
            status, headers, _ = over_http(running, sent)
            assert (status, headers["access-control-allow-origin"]) == (expected, PAGE)
            assert headers["access-control-expose-headers"] == "Retry-After"
    with receiving({"protocols": {"http": {"cors": {"allowed_origins": [PAGE]}}}}, rules=RULES) as running:
        assert "access-control-allow-headers" not in over_http(running, asked, b"", method="OPTIONS")[1]
