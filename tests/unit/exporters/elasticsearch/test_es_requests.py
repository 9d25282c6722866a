"""Requests over the wire: address, credentials, parameters, failover, size, set-up; and the options."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import ValidationError

from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry, Split
from collector.testing.text_batch import text_batch
from exporters.elasticsearch.addresses import Nodes, cloud_address
from exporters.elasticsearch.config import ElasticsearchConfig, Mapping, Setup
from exporters.elasticsearch.exporter import ElasticsearchExporter
from exporters.elasticsearch.installation import documents


class Server:
    """`answer(request)` is a status or a response; requests are kept with their bodies."""

    def __init__(self, answer=lambda request: 200):
        self.seen, self.answer = [], answer

    async def handle(self, request):
        self.seen.append((request, await request.read()))
        answer = self.answer(request)
        body = b'{"errors":false,"version":{"distribution":"opensearch"}}'
        return web.Response(status=answer, body=body) if isinstance(answer, int) else answer


def talk(servers, count=1, bodies=("a",), **options):
    """Send `count` batches to the servers; the verdicts."""

    async def main():
        runners, urls = [], []
        for server in servers:
            runners.append(web.ServerRunner(web.Server(server.handle, auto_decompress=False)))
            await runners[-1].setup()
            site = web.TCPSite(runners[-1], "127.0.0.1", 0)
            await site.start()
            urls.append(f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/es/")
        config = ElasticsearchConfig.model_validate({"endpoints": [*options.pop("dead", []), *urls], **options})
        exporter = ElasticsearchExporter(config, Context("elasticsearch", Path()))
        await exporter.start()
        verdicts = []
        try:
            for _ in range(count):
                try:
                    answer = await exporter.send(exporter.encode(text_batch(list(bodies))))
                except Exception as error:  # noqa: BLE001  delivery does the same
                    answer = error
                verdicts += exporter.classify(answer)
        finally:
            await exporter.shutdown()
            await exporter.shutdown()
            for runner in runners:
                await runner.cleanup()
        return verdicts

    return asyncio.run(main())


def test_a_request():
    """Path below the endpoint, parameters, type, gzip, credential."""
    server = Server()
    options = {"pipeline": "p 1", "require_data_stream": True, "include_source_on_error": False, "api_key": "a2V5"}
    assert talk([server], **options) == [Ok()]
    [(request, body)] = server.seen
    assert (request.method, request.path) == ("POST", "/es/_bulk")
    assert request.query["pipeline"] == "p 1"
    assert (request.query["require_data_stream"], request.query["include_source_on_error"]) == ("true", "false")
    assert request.query["filter_path"].startswith("errors,items.*.status")
    assert request.headers["Content-Type"] == "application/x-ndjson"
    assert request.headers["Authorization"] == "ApiKey a2V5"
    assert gzip.decompress(body).endswith(b"}\n")


def test_basic_authentication():
    """User and password."""
    server = Server()
    talk([server], user="u", password="p")
    assert server.seen[0][0].headers["Authorization"] == "Basic dTpw"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_another_node_takes_over(status):
    """A node that is gone, or says so, is passed over within the same attempt, and left alone for a while."""
    bad, good = Server(lambda request: status), Server()
    assert talk([bad, good], count=6, dead=["http://127.0.0.1:1"]) == [Ok()] * 6
    assert (len(bad.seen), len(good.seen)) == (1, 6)


def test_no_node_is_left():
    """The last answer counts; a refused connection is one to be repeated."""
    assert [type(v) for v in talk([Server(lambda request: 503)], count=2)] == [Retry, Retry]
    [verdict] = talk([], dead=["http://127.0.0.1:1"])
    assert isinstance(verdict, Retry)
    assert verdict.reason.startswith("cannot connect to 127.0.0.1:1")


def test_nodes_take_turns():
    """In turn; a resting one last, until its time is over."""
    nodes = Nodes(["a", "b", "c"], pause_secs=10)
    assert [nodes.order(0)[0] for _ in range(3)] == ["b", "c", "a"]
    nodes.failed("b", 0)
    assert all(nodes.order(1)[-1] == "b" for _ in range(3))
    assert "b" in {nodes.order(11)[0] for _ in range(3)}


def test_too_large_is_halved_and_remembered():
    """413 halves; requests of that size are halved without being sent again."""
    server = Server(lambda request: 413)
    verdicts = talk([server], count=3, bodies=("a" * 500, "b" * 500))
    assert [type(v) for v in verdicts] == [Split] * 3
    assert len(server.seen) == 1


def test_set_up_comes_first_and_once():
    """Template (and policy) before the first documents, never again."""
    server = Server()
    assert talk([server], count=2, setup={"enabled": True, "retention": "48h"}) == [Ok(), Ok()]
    paths = [(request.method, request.path.removeprefix("/es")) for request, _ in server.seen]
    assert paths == [
        ("GET", "/"),
        ("PUT", "/_plugins/_ism/policies/logboom"),
        ("PUT", "/_index_template/logboom"),
        ("POST", "/_bulk"),
        ("POST", "/_bulk"),
    ]
    template = json.loads(gzip.decompress(server.seen[2][1]))
    assert template["data_stream"] == {}
    assert template["template"]["mappings"]["properties"]["attributes"] == {"type": "flat_object"}


@pytest.mark.parametrize(("status", "kind"), [(403, Blocked), (400, Blocked), (429, Retry), (500, Retry)])
def test_set_up_that_is_refused(status, kind):
    """Nothing is sent before it worked: a wrong template would map fields wrongly for ever."""
    server = Server(lambda request: status if request.method == "PUT" else 200)
    [verdict] = talk([server], setup={"enabled": True})
    assert isinstance(verdict, kind)
    assert verdict.reason.startswith(f"PUT /_index_template/logboom: {status}")
    assert all(request.method != "POST" for request, _ in server.seen)


LIFECYCLES = {
    ("auto", False): {"/_index_template/logboom"},
    ("auto", True): {"/_index_template/logboom", "/_plugins/_ism/policies/logboom"},
    ("ilm", False): {"/_index_template/logboom", "/_ilm/policy/logboom"},
    ("ism", True): {"/_index_template/logboom", "/_plugins/_ism/policies/logboom"},
    ("none", False): {"/_index_template/logboom"},
}


@pytest.mark.parametrize(("lifecycle", "opensearch"), LIFECYCLES)
def test_lifecycles(lifecycle, opensearch):
    """Data stream lifecycle, ILM or ISM; the retention is in exactly one place."""
    setup = Setup.model_validate({"enabled": True, "lifecycle": lifecycle, "retention": "720h"})
    found = documents(setup, Mapping(), opensearch)
    assert found.keys() == LIFECYCLES[lifecycle, opensearch]
    assert json.dumps(found).count("720h") == (lifecycle != "none")
    assert "720h" not in json.dumps(documents(setup.model_copy(update={"retention": 0.0}), Mapping(), opensearch))


APART = [
    {"name": "shop", "index_patterns": ["logs-*-shop"], "retention": "48h"},
    {"name": "critical", "index_patterns": ["logs-critical.*"]},
]


@pytest.mark.parametrize("lifecycle", ["data_stream", "ilm", "ism"])
def test_a_domain_and_a_level_have_lifecycles_of_their_own(lifecycle):
    """Each a template, the last the strongest, and a policy where there is something to delete."""
    setup = Setup.model_validate({"enabled": True, "lifecycle": lifecycle, "retention": "720h", "apart": APART})
    found = documents(setup, Mapping(), opensearch=False)
    templates = [found[f"/_index_template/logboom{name}"] for name in ("", "-shop", "-critical")]
    assert [each["index_patterns"] for each in templates] == [["logs-*-*"], ["logs-*-shop"], ["logs-critical.*"]]
    assert [each["priority"] for each in templates] == [300, 301, 302]
    assert len({json.dumps(each["template"]["mappings"]) for each in templates}) == 1
    kept = {"data_stream": "_index_template", "ilm": "_ilm/policy", "ism": "_plugins/_ism/policies"}[lifecycle]
    ages = {
        name: age
        for name in ("", "-shop", "-critical")
        for age in ("720h", "48h")
        if age in json.dumps(found.get(f"/{kept}/logboom{name}"))
    }
    assert ages == {"": "720h", "-shop": "48h"}


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        ([{"name": "a", "index_patterns": ["x"], "retention": "2h"}], "`retention` is at least 24h"),
        ([{"name": "a", "index_patterns": ["x"]}] * 2, "two have one name"),
        ([{"name": "a", "index_patterns": []}], "index_patterns"),
        ([{"name": "a/b", "index_patterns": ["x"]}], "pattern"),
    ],
)
def test_lifecycles_that_can_not_be(apart, said):
    with pytest.raises(ValueError, match=said):
        Setup.model_validate({"enabled": True, "apart": apart})


def test_what_a_hold_is_told():
    """The times after which a lifecycle deletes; nothing where none does."""
    made = {"setup": {"enabled": True, "apart": APART}}
    assert (
        ElasticsearchConfig(**BASE, **made).deletes_by_itself()
        == "lifecycles of logboom delete whole indices after 2 days"
    )
    for setup in ({"enabled": True}, {"retention": "48h"}):
        assert ElasticsearchConfig(**BASE, setup=setup).deletes_by_itself() == ""


def test_a_cloud_id():
    """Host, deployment and port; anything else says what to do."""
    assert cloud_address("name:ZXUuZXhhbXBsZS5jb20kYWJjJGRlZg==") == "https://abc.eu.example.com:443"
    assert cloud_address("name:ZXUuZXhhbXBsZS5jb206OTI0MyRhYmMkZGVm") == "https://abc.eu.example.com:9243"


BASE = {"endpoint": "https://es.example.com"}
REFUSED = {
    "exactly one of [endpoint, endpoints, cloudid]": {},
    "must be specified": {**BASE, "endpoints": ["https://b"]},
    "cloudid is not a cloud id": {"cloudid": "nonsense"},
    "is not a URL": {"endpoints": ["es.example.com:9200"]},
    "endpoint holds a credential": {"endpoint": "https://user:hidden@es.example.com"},
    "compression must be one of": {**BASE, "compression": "zstd"},
    "choose one": {**BASE, "user": "u", "password": "hidden", "api_key": "hidden"},
    "go together": {**BASE, "user": "u"},
    "would travel over http://": {"endpoint": "http://es.example.com", "api_key": "hidden"},
    "disallowed default mapping mode": {**BASE, "mapping": {"mode": "ecs", "allowed_modes": ["otel"]}},
    "at least 24h": {**BASE, "setup": {"retention": "1h"}},
}


@pytest.mark.parametrize("message", REFUSED)
def test_options_that_are_refused(message, monkeypatch):
    """The error says what is wrong, and never shows a secret."""
    monkeypatch.delenv("ELASTICSEARCH_URL", raising=False)
    with pytest.raises(ValidationError) as caught:
        ElasticsearchConfig.model_validate(REFUSED[message])
    text = "".join(error["msg"] for error in caught.value.errors())
    assert message in text
    assert "hidden" not in text


def test_otelcols_options(monkeypatch):
    """The environment's URL, aliases of modes, intervals of `retry`; http:// with a credential where it is allowed."""
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://a:9200, http://b:9200/")
    config = ElasticsearchConfig.model_validate(
        {"mapping": {"mode": "NO"}, "retry": {"initial_interval": "3s", "enabled": False}}
    )
    assert config.addresses == ["http://a:9200", "http://b:9200"]
    assert config.mapping.mode == "none"
    assert config.retry_on_failure.initial_interval == 3.0
    assert (config.retry_on_failure.enabled, config.retry.at_most) == (True, 0)
    allowed = {"endpoint": "http://a", "user": "u", "password": "hidden", "allow_plain_http": True}
    assert "hidden" not in repr(ElasticsearchConfig.model_validate(allowed))
