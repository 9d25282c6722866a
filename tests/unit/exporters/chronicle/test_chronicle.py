"""The chronicle exporter against both documented APIs: bodies, limits, tokens, and every answer."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from pydantic import ValidationError

from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry, Split
from collector.testing.row_batch import Row, batch_of
from collector.testing.text_batch import text_batch
from counterparts import sending
from counterparts.fault_proxy import proxied, status
from counterparts.google import Google
from counterparts.on_thread import on_thread
from exporters.chronicle import FACTORY

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def shared():
    with on_thread(Google()) as services:
        yield services


@pytest.fixture
def google(shared):
    for seen in (shared.entries, shared.calls, shared.complaints, shared.scopes):
        seen.clear()
    yield shared
    assert shared.complaints == []


IMPORT = {"project": "shop", "location": "eu", "instance": "i-1"}
LEGACY = {"api": "legacy", "customer_id": "c-1"}


def options(google, own, **more):
    return {"endpoint": google.url, "log_type": "LOGBOOM", "credentials": google.key, **own, **more}


def verdicts(tmp_path, given, *batches):
    """What each batch leads to."""
    return sending.verdicts(FACTORY, given, tmp_path, *batches)


ROWS = [
    Row("a", fields={"time_unix_nano": 10 * SECOND + 1, "observed_time_unix_nano": 12 * SECOND, "body": 'ä "x"\ny'}),
    Row("b", fields={"time_unix_nano": 10 * SECOND, "observed_time_unix_nano": SECOND, "domain": "b.com"}),
    Row("c", fields={"time_unix_nano": 0, "observed_time_unix_nano": 3 * SECOND}),
]


@pytest.mark.slow
def test_import_carries_text_times_and_labels(google, tmp_path):
    """The text in base64; collected not before it happened; labels of the options and the domain."""
    more = {"labels": {"team": "shop"}, "namespace": "prod", "forwarder": "f-1"}
    assert verdicts(tmp_path, options(google, IMPORT, **more), batch_of(ROWS)) == [Ok()]
    assert google.calls[0]["inlineSource"]["forwarder"] == "projects/shop/locations/eu/instances/i-1/forwarders/f-1"
    assert [(entry["logEntryTime"], entry["collectionTime"]) for entry in google.entries] == [
        ("1970-01-01T00:00:10.000000001Z", "1970-01-01T00:00:12.000000000Z"),
        ("1970-01-01T00:00:10.000000000Z", "1970-01-01T00:00:10.000000000Z"),
        ("1970-01-01T00:00:03.000000000Z", "1970-01-01T00:00:03.000000000Z"),
    ]
    assert [entry["labels"] for entry in google.entries[:2]] == [
        {"team": {"value": "shop"}, "domain": {"value": domain}} for domain in ("tamyla.com", "b.com")
    ]
    assert {entry["environmentNamespace"] for entry in google.entries} == {"prod"}
    assert json.loads(google.entries[0]["text"])["body"] == 'ä "x"\ny'


def test_legacy_carries_text_and_times(google, tmp_path):
    """Labels, namespace, customer and log type stand once."""
    more = {"labels": {"team": "shop"}, "namespace": "prod"}
    assert verdicts(tmp_path, options(google, LEGACY, **more), batch_of(ROWS)) == [Ok()]
    head = {name: google.calls[0][name] for name in ("customer_id", "log_type", "namespace", "labels")}
    assert head == {
        "customer_id": "c-1", "log_type": "LOGBOOM", "namespace": "prod", "labels": [{"key": "team", "value": "shop"}],
    }  # fmt: skip
    assert [entry["ts_rfc3339"] for entry in google.entries] == [
        f"1970-01-01T00:00:{second}Z" for second in ("10.000000001", "10.000000000", "03.000000000")
    ]


MODELS = {
    "json": lambda text: json.loads(text)["body"] == "hello",
    "ocsf": lambda text: json.loads(text)["message"] == "hello",
    "cef": lambda text: text.startswith("CEF:") and "msg=hello" in text,
    "leef": lambda text: text.startswith("LEEF:2.0|"),
    "text": lambda text: text == "hello",
}


@pytest.mark.parametrize("own", [IMPORT, LEGACY], ids=["import", "legacy"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_arrives(google, tmp_path, own, model):
    """The text is what the model says."""
    assert verdicts(tmp_path, options(google, own, format=model), text_batch(["hello"])) == [Ok()]
    assert MODELS[model](google.entries[0]["text"])


@pytest.mark.slow
@pytest.mark.parametrize(("own", "most"), [(IMPORT, 4_000_000), (LEGACY, 1_000_000)], ids=["import", "legacy"])
def test_no_body_is_larger_than_a_call_takes(google, tmp_path, own, most):
    """What is above is halved first, and never sent."""
    given = options(google, own, format="text")
    above, below = text_batch(["x" * 1000] * (most // 1000)), text_batch(["x" * 1000] * (most // 2000))
    found = verdicts(tmp_path, given, above, below)
    assert isinstance(found[0], Split)
    assert (found[0].too_large, found[1], len(google.calls)) == (True, Ok(), 1)


@pytest.mark.slow
def test_one_token_serves_many_calls_and_is_replaced_when_it_ended_early(google, tmp_path):
    """One 401, a new token, delivered."""

    async def main():
        exporter = FACTORY.create(FACTORY.config.model_validate(options(google, IMPORT)), Context("c", tmp_path))
        await exporter.start()
        for forget in (False, False, True):
            if forget:
                google.scopes.clear()
            assert (await exporter.send(exporter.encode(text_batch(["x"])))).status == 200
        await exporter.shutdown()

    asyncio.run(main())
    assert (len(google.scopes), len(google.entries)) == (1, 3)


def broken(google, **changes):
    return json.dumps({**json.loads(google.key), **changes})


KEYS = {
    "no JSON": (lambda google: "secret-text", "not the JSON key"),
    "another kind": (lambda google: broken(google, type="authorized_user"), "not the JSON key"),
    "no private key": (lambda google: broken(google, private_key=""), "lacks private_key"),
    "a broken private key": (lambda google: broken(google, private_key="secret-text"), "not an RSA key in PEM"),
    "another account": (
        lambda google: broken(google, client_email="x@y"),
        "400 Bad Request: invalid_grant: Invalid JWT.",
    ),
    "a token service in the clear": (lambda google: broken(google, token_uri="http://evil.example"), "http://"),
    "no URL": (lambda google: broken(google, token_uri="evil.example"), "token_uri is not a URL"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", KEYS)
def test_a_key_that_buys_nothing_blocks(google, tmp_path, case, caplog):
    """Everything is kept, and nothing of the key is told."""
    make, said = KEYS[case]
    with caplog.at_level(logging.DEBUG):
        (found,) = verdicts(tmp_path, options(google, IMPORT, credentials=make(google)), text_batch(["x"]))
    assert isinstance(found, Blocked)
    assert said in found.reason
    assert "secret-text" not in found.reason + caplog.text


@pytest.mark.slow
def test_the_key_file_is_read_for_every_token(google, tmp_path):
    """Missing at first: blocked with its path; there later: delivered, without a restart."""
    path = tmp_path / "key.json"
    given = {**options(google, IMPORT), "credentials": "", "credentials_file": str(path)}
    assert verdicts(tmp_path, given, text_batch(["x"])) == [
        Blocked(f"credentials_file {path} can't be read: No such file or directory")
    ]
    path.write_text(google.key)
    assert verdicts(tmp_path, given, text_batch(["x"])) == [Ok()]


ANSWERS = [
    (429, {"Retry-After": "7"}, Retry, 7.0),
    (503, {}, Retry, None),
    (403, {}, Blocked, None),
    (413, {}, Split, None),
    (400, {}, Split, None),
]


@pytest.mark.parametrize(("code", "headers", "kind", "after"), ANSWERS, ids=lambda value: str(value)[:12])
def test_answers_of_the_api(google, tmp_path, code, headers, kind, after):
    """By HTTP's table."""
    with proxied(google.url) as proxy:
        proxy.faults.append(status(code, headers))
        (found,) = verdicts(tmp_path, options(google, IMPORT, endpoint=proxy.url), text_batch(["x"]))
    assert (type(found), getattr(found, "after_secs", None)) == (kind, after)
    assert found.reason.startswith(str(code))


def test_googles_words_are_told(google, tmp_path):
    """A log type that is not there."""
    found = verdicts(tmp_path, options(google, IMPORT, log_type="OTHER"), text_batch(["x"]))
    assert found == [Blocked("404 Not Found: NOT_FOUND: no such log type")]


ADDRESSES = {
    "eu": (
        {**IMPORT, "api_version": "v1"},
        "https://chronicle.eu.rep.googleapis.com/v1/projects/shop/locations/eu/instances/i-1/logTypes/T/logs:import",
    ),
    "legacy, us": (LEGACY, "https://malachiteingestion-pa.googleapis.com/v2/unstructuredlogentries:batchCreate"),
    "legacy, europe": (
        {**LEGACY, "location": "europe"},
        "https://europe-malachiteingestion-pa.googleapis.com/v2/unstructuredlogentries:batchCreate",
    ),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_the_region_names_the_address(case):
    """Unless an endpoint does."""
    given, wanted = ADDRESSES[case]
    assert FACTORY.config.model_validate({**given, "log_type": "T", "credentials": "x"}).url == wanted


WRONG = {
    "no instance": ({"project": "shop", "location": "eu"}, "api: import needs instance"),
    "no customer": ({"api": "legacy"}, "api: legacy needs customer_id"),
    "two keys": ({**IMPORT, "credentials_file": "k.json"}, "exactly one of"),
    "no key": ({**IMPORT, "credentials": ""}, "exactly one of"),
    "in the clear": ({**IMPORT, "endpoint": "http://proxy.example"}, "use https://"),
    "a user in the URL": ({**IMPORT, "endpoint": "https://me:pass@proxy.example"}, "endpoint holds a user name"),
    "a port in the location": ({**IMPORT, "location": "evil.example:80"}, "location"),
    "less than a call needs": ({**IMPORT, "max_call_bytes": 1}, "at least 1024"),
    "a path in the type": ({**IMPORT, "log_type": "a/b"}, "log_type"),
    "more than a call takes": ({**LEGACY, "max_call_bytes": 2_000_000}, "takes 1000000 at most"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused(case):
    """With a sentence that names the option, and no secret."""
    more, said = WRONG[case]
    with pytest.raises(ValidationError) as caught:
        FACTORY.config.model_validate({"log_type": "T", "credentials": "a-secret-key", **more})
    assert said in str(caught.value)
    assert "a-secret-key" not in str(caught.value)
