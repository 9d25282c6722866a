"""sigv4auth: the same signatures as botocore's, keys from where AWS keeps them, renewed in time."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from botocore.auth import SigV4Auth as Botocore
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from collector.component import Context, Outgoing, Use
from collector.extensions.sigv4auth import FACTORY
from collector.outcomes import Blocked, Retry
from collector.transport.aws.assume_role import AssumeRole
from collector.transport.aws.credentials import NoCredentials, find
from collector.transport.aws.signing import Keys, Scope, scope_of, signature
from collector.transport.http_answers import NotSent, unanswered
from collector.transport.http_client import HttpClient
from collector.transport.http_client_config import HttpClientConfig
from counterparts.http_recorder import Answer, HttpRecorder

KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
REQUESTS = {
    "a bulk request": Outgoing(
        "POST", "https://x.eu-west-1.es.amazonaws.com/_bulk", {"Content-Type": "application/x-ndjson"}, b"{}"
    ),
    "a query": Outgoing("GET", "https://h.example:8443/a/b?z=1&a=x%20y&a=b&empty=", {}, b""),
    "a path with spaces": Outgoing(
        "PUT", "http://h.example/a%20b/c~d", {"Content-Encoding": "gzip", "X-Two": "a   b "}, b"\x00\xff"
    ),
    "no path": Outgoing("POST", "https://h.example", {"User-Agent": "logboom"}, b"x" * 100_000),
}


@pytest.mark.parametrize("token", ["", "session+token/=="])
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_signatures_are_botocores(request_, token, monkeypatch):
    """The AWS SDK's own signer is the judge."""
    now = datetime(2026, 11, 29, 12, 34, 56, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: now.replace(tzinfo=None))
    keys = KEYS._replace(token=token)
    theirs = AWSRequest(request_.method, request_.url, dict(request_.headers), request_.body)
    Botocore(Credentials(keys.access_key, keys.secret, token or None), "es", "eu-west-1").add_auth(theirs)
    ours = signature(request_, keys, Scope("eu-west-1", "es"), now)
    assert ours["Authorization"] == theirs.headers["Authorization"]
    assert ours["X-Amz-Date"] == theirs.headers["X-Amz-Date"]
    assert ours.get("X-Amz-Security-Token") == theirs.headers.get("X-Amz-Security-Token")


HOSTS = {
    "search-x.eu-west-1.es.amazonaws.com": ("eu-west-1", "es"), "abc.us-east-1.aoss.amazonaws.com": ("us-east-1", "aoss"),
    "logs.ap-southeast-2.amazonaws.com": ("ap-southeast-2", "logs"), "xray.us-gov-west-1.amazonaws.com": ("us-gov-west-1", "xray"),
    "logs.cn-north-1.amazonaws.com.cn": ("cn-north-1", "logs"), "opensearch.example.com": None, "localhost": None,
}  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_what_hosts_say(host):
    """Region and service, in both orders that AWS has."""
    assert scope_of(host) == HOSTS[host]


STS = """<R><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>sec</SecretAccessKey>
<SessionToken>tok</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></R>"""
NOTHING = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


def test_keys_of_the_environment_and_of_the_file(tmp_path):
    """The environment comes first; the file by profile."""
    file = tmp_path / "credentials"
    file.write_text(
        "[default]\naws_access_key_id = a\naws_secret_access_key = b%\n[x]\naws_access_key_id=c\naws_secret_access_key=d\naws_session_token=e"
    )
    environ = {**NOTHING, "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    assert find(AssumeRole(), "", environ).keys == Keys("a", "b%")
    assert find(AssumeRole(), "", {**environ, "AWS_PROFILE": "x"}).keys == Keys("c", "d", "e")
    assert find(AssumeRole(), "", {**environ, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}).keys == Keys(
        "k", "s"
    )
    with pytest.raises(NoCredentials, match="no AWS keys"):
        find(AssumeRole(), "", {**environ, "AWS_PROFILE": "nobody"})
    file.write_text("s3cret rubbish")
    with pytest.raises(NoCredentials) as caught:
        find(AssumeRole(), "", environ)
    assert "s3cret" not in str(caught.value)


def test_roles(tmp_path):
    """By a token that is mounted, unsigned; by keys, signed, with the owner's external id."""
    asked = []

    def answer(got):
        asked.append((parse_qs(got.body.decode()), got.headers.get("authorization", "")))
        return Answer(STS.encode(), 200, {"Content-Type": "text/xml"})

    (tmp_path / "token").write_text("web-token\n")
    with HttpRecorder(answer) as sts:
        environ = {**NOTHING, "AWS_ENDPOINT_URL_STS": sts.url}
        identity = {**environ, "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "AWS_ROLE_ARN": "arn:r"}
        for role, env in (
            (AssumeRole(), identity), (AssumeRole(arn="arn:r", web_identity_token_file=str(tmp_path / "token")), environ),
        ):  # fmt: skip
            found = find(role, "eu-west-1", env)
            assert (found.keys, found.ends_at > time.time()) == (Keys("ASIA", "sec", "tok"), True)
        keyed = {**environ, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
        assert find(AssumeRole(arn="arn:r", external_id="x"), "eu-west-1", keyed).keys == Keys("ASIA", "sec", "tok")
    assert [form["Action"] for form, _ in asked] == [
        ["AssumeRoleWithWebIdentity"],
        ["AssumeRoleWithWebIdentity"],
        ["AssumeRole"],
    ]
    assert [form.get("WebIdentityToken") for form, _ in asked] == [["web-token"], ["web-token"], None]
    assert asked[2][0]["ExternalId"] == ["x"]
    assert [bool(signed) for _, signed in asked] == [False, False, True]
    assert "/eu-west-1/sts/aws4_request" in asked[2][1]


def test_a_container_and_a_machine(tmp_path):
    """The services of ECS, EKS and EC2 (IMDSv2)."""
    document = json.dumps(
        {"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c", "Expiration": "2099-01-01T00:00:00Z"}
    ).encode()

    def answer(got):
        if got.path == "/latest/api/token":
            return Answer(b"session", 200)
        if got.path.endswith("/security-credentials/"):
            assert got.headers["x-aws-ec2-metadata-token"] == "session"
            return Answer(b"role-name", 200)
        return Answer(document, 200)

    (tmp_path / "token").write_text("pod")
    with HttpRecorder(answer) as service:
        pod = {
            **NOTHING,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": service.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token"),
        }
        assert find(AssumeRole(), "", pod).keys == Keys("a", "b", "c")
        assert service.taken()[-1].headers["authorization"] == "pod"
        machine = {**NOTHING, "AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url}
        assert find(AssumeRole(), "", machine).keys == Keys("a", "b", "c")


def made(**options):
    return FACTORY.create(FACTORY.config.model_validate(options), Context("sigv4auth", Path()))


def test_a_request_of_the_http_client(monkeypatch):
    """What is sent is what was signed: botocore makes the same of the request as it arrived."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret)
    sent: list[bytes] = []
    with HttpRecorder(lambda _: Answer(b"", 200)) as service:

        async def send() -> None:
            config = HttpClientConfig(compression="gzip", headers={"X-Own": "1"})
            client = HttpClient(config, authenticator=made(region="eu-west-1", service="es"))
            await client.start()
            sent.append(client.compressed(b"{}"))
            await client.post(service.url + "/_bulk?refresh=true", sent[0], {"Content-Type": "application/json"})
            await client.close()

        asyncio.run(send())
        got = service.taken()[0]
    said = got.headers["authorization"]
    names = said.split("SignedHeaders=")[1].split(",")[0].split(";")
    assert {"content-encoding", "content-type", "host", "x-amz-date", "x-own"} <= set(names)
    now = datetime.strptime(got.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: now)
    seen = {name: got.headers[name] for name in names if name not in ("x-amz-date", "host")}
    theirs = AWSRequest("POST", service.url + "/_bulk?refresh=true", seen, sent[0])
    Botocore(Credentials(KEYS.access_key, KEYS.secret), "es", "eu-west-1").add_auth(theirs)
    assert said == theirs.headers["Authorization"]


def test_what_goes_wrong(monkeypatch):
    """No keys: it is tried again; no service: people must write it. Nothing is sent."""
    for name, value in NOTHING.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    request = Outgoing("POST", "https://h.example/", {}, b"")

    def verdict(extension):
        with pytest.raises(NotSent) as caught:
            asyncio.run(extension.signature(request))
        return unanswered(caught.value)

    assert isinstance(verdict(made(region="a", service="b")), Retry)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert isinstance(verdict(made()), Blocked)


def test_keys_are_renewed_in_time(monkeypatch):
    """Five minutes before they end; while that fails, those of before go on until their end."""
    extension = made(region="a", service="b")
    calls = []
    from collector.transport.aws import signer as module
    from collector.transport.aws.credentials import Found

    def found(*_):
        calls.append(1)
        if len(calls) == 2:
            raise NoCredentials("down")
        return Found(KEYS, time.time() + (200 if len(calls) == 1 else 9000))

    monkeypatch.setattr(module, "find", found)
    request = Outgoing("POST", "https://h.example/", {}, b"")
    for _ in range(5):
        assert "Authorization" in asyncio.run(extension.signature(request))
    assert len(calls) == 3


def test_uses_and_options():
    """Exporters alone; a token needs a role."""
    assert FACTORY.config().provides() == {Use.CLIENT_AUTHENTICATOR}
    with pytest.raises(ValueError, match="arn"):
        FACTORY.config.model_validate({"assume_role": {"web_identity_token_file": "x"}})
