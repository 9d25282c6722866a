"""The googlecloud exporter against Cloud Logging as documented: credentials, projects, and every answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator

import numpy as np
import pytest
from google.auth.compute_engine import _metadata
from pydantic import ValidationError

from collector.component import Context
from collector.errors import LogboomError
from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.testing.row_batch import Row, batch_of
from collector.testing.text_batch import text_batch
from collector.transport import google_credentials
from collector.transport.google_credentials import GoogleCredentials
from counterparts import metadata_service, sending
from counterparts.fault_proxy import proxied, status
from counterparts.google_logging import SCOPE, CloudLogging
from counterparts.on_thread import on_thread
from exporters.googlecloud import FACTORY
from exporters.googlecloud.config import GoogleCloudConfig

KEY = "GOOGLE_APPLICATION_CREDENTIALS"


@pytest.fixture(scope="module")
def shared():
    with on_thread(CloudLogging()) as service:
        yield service


def emptied(service: CloudLogging) -> CloudLogging:
    for seen in (service.written, service.complaints, service.scopes, service.headers, service.refused, service.sizes):
        seen.clear()
    return service


@pytest.fixture(scope="module")
def everybodys():
    with on_thread(CloudLogging(open=True)) as service:
        yield service


@pytest.fixture
def free(everybodys) -> Iterator[CloudLogging]:
    """Asks nobody who sends: for what does not depend on that."""
    yield emptied(everybodys)
    assert everybodys.complaints == []


@pytest.fixture
def google(shared, tmp_path, monkeypatch) -> Iterator[CloudLogging]:
    emptied(shared)
    (tmp_path / "key.json").write_text(shared.key)
    monkeypatch.setenv(KEY, str(tmp_path / "key.json"))
    yield shared
    assert shared.complaints == []


def options(url, **more):
    return {"log": {"endpoint": url, **more.pop("log", {})}, "timeout": "20s", **more}


def without_credentials(url, **log):
    return {
        "log": {"endpoint": url.removeprefix("http://"), "use_insecure": True, **log},
        "timeout": "20s",
        "project": "p",
    }


def verdicts(tmp_path, given, *batches):
    return sending.verdicts(FACTORY, given, tmp_path, *batches)


def texts(google):
    return [one["textPayload"] for one in google.written]


def test_a_key_file_says_who_sends_and_to_which_project(google, tmp_path):
    """One token for several calls; each record once, under its id."""
    batch = text_batch(["a", "b"])
    assert verdicts(tmp_path, options(google.url, user_agent="mine {{version}}"), batch, batch) == [Ok(), Ok()]
    assert (texts(google), len(google.shown), list(google.scopes.values())) == (["a", "b"] * 2, 2, [SCOPE])
    assert {one["logName"] for one in google.written} == {"projects/shop/logs/logboom"}
    assert google.headers[0]["User-Agent"].startswith("mine ")
    assert "X-Goog-User-Project" not in google.headers[0]


def test_one_token_serves_many_calls_and_is_replaced_when_it_ended_early(google, tmp_path):
    """One 401, a new token, delivered."""

    async def main():
        exporter = FACTORY.create(
            FACTORY.config.model_validate(options(google.url, project="p")), Context("g", tmp_path)
        )
        await exporter.start()
        for forget in (False, False, True):
            if forget:
                google.scopes.clear()
            assert (await exporter.send(exporter.encode(text_batch(["x"])))).answer.status == 200
        await exporter.shutdown()

    asyncio.run(main())
    assert (len(google.scopes), len(google.written)) == (1, 3)


def test_the_metadata_server_says_it(google, tmp_path, monkeypatch):
    """On Google's machines there is no file."""
    monkeypatch.delenv(KEY)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    google.scopes["from-metadata"] = SCOPE
    base = "/computeMetadata/v1/instance/service-accounts/default"
    answers = {
        "/": "", "/computeMetadata/v1/project/project-id": "machine-project",
        "/computeMetadata/v1/universe/universe-domain": "googleapis.com",
        f"{base}/?recursive=true": '{"email":"a@b","scopes":[],"aliases":[]}',
        f"{base}/token?scopes={SCOPE.replace(':', '%3A').replace('/', '%2F')}":
            '{"access_token":"from-metadata","expires_in":3000,"token_type":"Bearer"}',
    }  # fmt: skip
    flavor = {"Metadata-Flavor": "Google"}
    with metadata_service.serving(answers, flavor, headers=flavor) as (_, place):
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", place)
        monkeypatch.setenv("GCE_METADATA_IP", place)
        assert verdicts(tmp_path, options(google.url), text_batch(["x"])) == [Ok()]
    assert google.written[0]["logName"] == "projects/machine-project/logs/logboom"


BROKEN = {
    "no file": (lambda key: None, "was not found"),
    "no JSON": (lambda key: "secret-text", "not a valid json file"),
    "a broken private key": (
        lambda key: json.dumps({**json.loads(key), "private_key": "secret-text"}),
        "no access token",
    ),
    "another account": (lambda key: json.dumps({**json.loads(key), "client_email": "x@y"}), "invalid_grant"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_credentials_that_buy_nothing_block(google, tmp_path, case, caplog):
    """Everything is kept, and nothing of a key is told; a file that is put right is read again."""
    make, said = BROKEN[case]
    path = tmp_path / "key.json"
    path.unlink() if make(google.key) is None else path.write_text(make(google.key))
    with caplog.at_level(logging.DEBUG):
        (found,) = verdicts(tmp_path, options(google.url), text_batch(["x"]))
    assert isinstance(found, Blocked)
    assert said in found.reason
    assert "secret-text" not in found.reason + caplog.text
    path.write_text(google.key)
    assert verdicts(tmp_path, options(google.url), text_batch(["x"])) == [Ok()]


def test_credentials_without_a_project_want_the_option(google, tmp_path):
    """Nothing is sent anywhere else."""
    (tmp_path / "key.json").write_text(json.dumps({**json.loads(google.key), "project_id": None}))
    assert verdicts(tmp_path, options(google.url), text_batch(["x"])) == [
        Blocked("Google's credentials name no project: write the option `project`")
    ]
    assert verdicts(tmp_path, options(google.url, project="p"), text_batch(["x"])) == [Ok()]


def test_each_project_pays_for_its_own(google, tmp_path):
    """With `destination_project_quota` the header names the project of the request's records."""
    batch = batch_of([Row("a", (), [("gcp.project.id", "other")])])
    given = options(google.url, project="mine", destination_project_quota=True)
    assert verdicts(tmp_path, given, batch, text_batch(["x"])) == [Ok(), Ok()]
    assert [headers["X-Goog-User-Project"] for headers in google.headers] == ["other", "mine"]


def test_bad_entries_alone_are_refused(free, tmp_path):
    """The others of the request are written; what may pass is sent again."""
    free.refused.update({"bad": "INVALID_ARGUMENT", "later": "UNAVAILABLE"})
    found = verdicts(tmp_path, without_credentials(free.url), text_batch(["a", "bad", "c", "later"]))
    assert [(type(one), one.items.tolist(), one.reason) for one in found] == [
        (Reject, [1], "400 Bad Request: INVALID_ARGUMENT of one"),
        (Retry, [3], "400 Bad Request: UNAVAILABLE of one"),
    ]
    assert texts(free) == ["a", "c"]


def test_a_part_that_is_refused_is_its_record(free, tmp_path):
    """An entry's place in the request is not its record's place in the batch, once there is one in parts."""
    free.refused["bad"] = "INVALID_ARGUMENT"
    found = verdicts(tmp_path, without_credentials(free.url), text_batch(["x" * 600_000, "b", "bad"]))
    assert [(type(one), one.items.tolist()) for one in found] == [(Reject, [2])]
    assert found[0].items.dtype == np.uint32
    assert len(free.written) == 4


def test_a_project_that_is_not_ours_blocks(free, tmp_path):
    """Whether Google names entries or not."""
    free.refused["no"] = "PERMISSION_DENIED"
    found = verdicts(tmp_path, without_credentials(free.url), text_batch(["no", "b"]), text_batch(["no"]))
    assert found == [
        Blocked("403 Forbidden: PERMISSION_DENIED of one"),
        Blocked("403 Forbidden: PERMISSION_DENIED: Log entries are not valid."),
    ]


ANSWERS = [
    (429, {"Retry-After": "7"}, Retry, 7.0),
    (503, {}, Retry, None),
    (403, {}, Blocked, None),
    (413, {}, Split, None),
    (400, {}, Split, None),
]


@pytest.mark.parametrize(("code", "headers", "kind", "after"), ANSWERS, ids=lambda value: str(value)[:12])
def test_answers_that_name_no_entry(free, tmp_path, code, headers, kind, after):
    """By HTTP's table."""
    with proxied(free.url) as proxy:
        proxy.faults.append(status(code, headers))
        (found,) = verdicts(tmp_path, without_credentials(proxy.url), text_batch(["x"]))
    assert (type(found), getattr(found, "after_secs", None)) == (kind, after)


def test_no_body_is_larger_than_a_call_takes(free, tmp_path):
    """What is above is halved first, and never sent; compressed where that is asked for."""
    given = without_credentials(free.url, compression="gzip")
    found = verdicts(tmp_path, given, text_batch(["x" * 250_000] * 40), text_batch(["x" * 250_000] * 38))
    assert isinstance(found[0], Split)
    assert (found[0].too_large, found[1], len(free.sizes)) == (True, Ok(), 1)
    assert free.headers[0]["Content-Encoding"] == "gzip"


def test_without_tls_and_credentials_where_that_is_wanted(free, tmp_path, monkeypatch):
    """An emulator's `host:port`."""
    monkeypatch.setenv(KEY, "/nowhere")
    assert verdicts(tmp_path, without_credentials(free.url), text_batch(["x"])) == [Ok()]
    assert "Authorization" not in free.headers[0]


PLACES = {
    "Google's own": ({}, "https://logging.googleapis.com"),
    "another universe": ({"universe_domain": "cloud.example"}, "https://logging.cloud.example"),
    "as for gRPC": ({"endpoint": "logging.example:443"}, "https://logging.example:443"),
    "a URL": ({"endpoint": "https://logging.example/"}, "https://logging.example"),
    "in the clear": ({"endpoint": "e.example:1", "use_insecure": True}, "http://e.example:1 (in the clear)"),
}


@pytest.mark.parametrize("case", PLACES)
def test_where_it_goes(case):
    log, wanted = PLACES[case]
    assert GoogleCloudConfig.model_validate({"project": "p", "log": log}).destination() == wanted


WRONG = {
    "nobody names a project": ({"log": {"endpoint": "h:1", "use_insecure": True}}, "needs `project`"),
    "an extension and somebody else": (
        {"project": "p", "auth": {"authenticator": "oauth2client"}, "impersonate": {"target_principal": "a@b"}}, "leave `auth` out"),
    "an extension by its other name": ({"authenticator": "oauth2client/a"}, "write auth: {authenticator: oauth2client/a}"),
    "a token in the clear": ({"project": "p", "log": {"endpoint": "http://h.example"}}, "use https://"),
    "no address": ({"log": {"endpoint": "https://:443"}}, "log.endpoint is not a URL"),
    "no expression": ({"log": {"resource_filters": [{"regex": "("}]}}, "not a regular expression of RE2"),
    "no compression": ({"log": {"compression": "zstd"}}, "compression"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused(case):
    given, said = WRONG[case]
    with pytest.raises(ValidationError) as caught:
        GoogleCloudConfig.model_validate(given)
    assert said in str(caught.value)


def test_a_library_that_is_missing_is_told_before_anything_runs(monkeypatch):
    """By `logboom validate`; where another extension shows the credentials, or nobody asks for them, it is not needed."""
    own, shown = GoogleCloudConfig(), GoogleCloudConfig(project="shop", auth={"authenticator": "bearertokenauth"})
    assert own.cautions() == {}
    monkeypatch.setattr(google_credentials, "find_spec", lambda _: None)
    assert "pip install 'logboom[googlecloud]'" in own.cautions()["auth"]
    assert shown.cautions() == {}
    with pytest.raises(LogboomError, match=r"logboom\[googlecloud\]"):
        GoogleCredentials("scope").check()
