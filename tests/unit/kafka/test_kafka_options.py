"""What a configuration says of Kafka, and what librdkafka is told."""

from __future__ import annotations

import base64
import json
import sys
import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from confluent_kafka import Producer
from pydantic import ValidationError

from collector.component import Context
from collector.errors import LogboomError
from collector.kafka.client import client_settings, connection_settings, lacking
from collector.kafka.options import KafkaClientOptions, KafkaConnection
from collector.kafka.tokens import MskTokens
from collector.receivers.kafka import FACTORY as RECEIVER
from collector.transport.aws.signing import Keys, Scope, presigned
from counterparts.certificates import Authority
from exporters.kafka import FACTORY as EXPORTER

SASL = {"username": "ada", "password": "s3cret"}
REFUSED = {
    "no brokers": ({"brokers": []}, "at least 1"),
    "a broker that is a URL": ({"brokers": ["http://k:9092"]}, "write host:port"),
    "kerberos": ({"auth": {"kerberos": {"realm": "X"}}}, "use SCRAM-SHA-512"),
    "no password": ({"auth": {"sasl": {"username": "ada"}}}, "username and password are needed"),
    "an unknown mechanism": ({"auth": {"sasl": {**SASL, "mechanism": "NTLM"}}}, "SCRAM-SHA-512"),
    "a token of nobody": ({"auth": {"sasl": {"mechanism": "OAUTHBEARER"}}}, "oauthbearer_token_source is needed"),
    "both ways to say who": ({"auth": {"sasl": SASL, "plain_text": SASL}}, "keep sasl alone"),
    "tls twice": ({"tls": {}, "auth": {"tls": {}}}, "keep tls alone"),
    "another name of a server": ({"tls": {"server_name_override": "x"}}, "advertised.listeners"),
    "a version that can't be asked for": ({"tls": {"min_version": "1.3"}}, "TLS 1.2 and 1.3"),
    "certificates that change": ({"tls": {"reload_interval": "1m"}}, "reload logboom"),
    "a property of an option": ({"properties": {"bootstrap.servers": "k"}}, "write the option brokers"),
    "a property of TLS": ({"properties": {"ssl.ca.location": "/x"}}, "write the option tls"),
    "a property that promises rest on": ({"properties": {"enable.idempotence": False}}, "what logboom promises"),
    "a callback": ({"properties": {"error_cb": "x"}}, "what logboom promises"),
    "an unknown property": ({"properties": {"socket.timeout": 5}}, "did you mean socket.timeout.ms"),
    "a wrong value": ({"properties": {"socket.timeout.ms": "soon"}}, 'Invalid value for configuration property "socket.timeout.ms"'),
}  # fmt: skip


@pytest.mark.parametrize(("options", "said"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_done_is_refused_with_a_remedy(options, said):
    with pytest.raises(ValidationError) as refused:
        KafkaClientOptions.model_validate(options)
    assert said in str(refused.value)


ADDRESSES = {
    "localhost": "localhost:9092 (TCP)", "10.0.0.7:9093": "10.0.0.7:9093 (TCP, in the clear)", "[::1]:9092": "[::1]:9092 (TCP)",
    "a:1,b:2": "a:1 (TCP, in the clear), b:2 (TCP, in the clear)",
}  # fmt: skip


@pytest.mark.parametrize(("brokers", "told"), ADDRESSES.items())
def test_people_are_told_what_goes_in_the_clear(brokers, told):
    assert KafkaConnection(brokers=brokers).reached() == told


def test_tls_is_told():
    assert KafkaConnection.model_validate({"brokers": "a", "tls": {}}).reached() == "a:9092 (TLS)"
    assert KafkaConnection.model_validate({"tls": {"insecure": True}}).encryption is None


def test_librdkafka_takes_what_is_made_of_all_options(tmp_path):
    """The judge is the library: it refuses names and values that it does not know."""
    authority = Authority(tmp_path)
    pair = authority.issue("us")
    options = KafkaClientOptions.model_validate(
        {
            "brokers": ["k1:9093", "k2"], "client_id": "us", "rack_id": "r1", "conn_idle_timeout": "3m",
            "metadata": {"refresh_interval": "1m"}, "resolve_canonical_bootstrap_servers_only": True,
            "tls": {"ca_file": str(authority.ca_file), "cert_file": str(pair.cert), "key_file": str(pair.key),
                    "include_system_ca_certs_pool": True, "curve_preferences": ["X25519", "P256"],
                    "cipher_suites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]},
            "auth": {"sasl": {**SASL, "mechanism": "SCRAM-SHA-512"}}, "properties": {"socket.keepalive.enable": True},
        }
    )  # fmt: skip
    settings = client_settings(options)
    told = {name: value for name, value in settings.items() if not name.startswith("ssl.") and name != "logger"}
    assert told == {
        "bootstrap.servers": "k1:9093,k2", "client.id": "us", "client.rack": "r1", "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "ada", "sasl.password": "s3cret", "log_level": 4,
        "connections.max.idle.ms": 180000, "topic.metadata.refresh.interval.ms": 60000, "metadata.max.age.ms": 180000,
        "client.dns.lookup": "resolve_canonical_bootstrap_servers_only", "socket.keepalive.enable": "true",
    }  # fmt: skip
    assert settings["ssl.curves.list"] == "X25519:prime256v1"
    Producer({**settings, "log_level": 0})


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(LogboomError, match=r"ca\.pem: No such file"):
        connection_settings(KafkaConnection.model_validate({"tls": {"ca_file": str(tmp_path / "ca.pem")}}))


def test_who_lacks_the_library_is_told_the_extra(monkeypatch):
    assert lacking() == ""
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    monkeypatch.setattr("collector.kafka.client.find_spec", lambda _: None)
    with pytest.raises(LogboomError, match=r"pip install 'logboom\[kafka\]'"):
        connection_settings(KafkaConnection())


class Tokens:
    """An authenticator that gives one token."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def headers(self):
        return {"Authorization": f"Bearer {self._token}"}


def jwt(**claims) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


LIVES = {
    "a JWT ends when it says": (jwt(exp=2_000_000_000), 2_000_000_000),
    "nobody knows of another": ("opaque", None),
    "nor of one without": (jwt(a=1), None),
}


@pytest.mark.parametrize(("token", "ends_at"), LIVES.values(), ids=LIVES)
def test_tokens_come_from_an_extension(token, ends_at, tmp_path):
    options = KafkaConnection.model_validate(
        {"auth": {"sasl": {"mechanism": "OAUTHBEARER", "oauthbearer_token_source": "oauth2client/k"}}}
    )
    assert options.named_authenticators() == ["oauth2client/k"]
    context = Context("kafka", tmp_path, extensions={"oauth2client/k": Tokens(token)})
    settings = connection_settings(options, context)
    assert settings["sasl.mechanism"] == "OAUTHBEARER"
    shown, end = settings["oauth_cb"]("")
    assert shown == token
    assert end == ends_at if ends_at else 0 < end - time.time() <= 300


def test_amazons_token_is_what_botocore_signs(monkeypatch):
    now = datetime(2026, 11, 29, 12, 34, 56, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: now.replace(tzinfo=None))
    url = "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect"
    theirs = AWSRequest("GET", url)
    SigV4QueryAuth(Credentials("AKID", "key", "ses/sion+"), "kafka-cluster", "eu-west-1", 900).add_auth(theirs)
    ours = presigned(url, Keys("AKID", "key", "ses/sion+"), Scope("eu-west-1", "kafka-cluster"), now, 900)
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs.url).query)


def test_amazons_token_is_made_of_the_keys_of_this_place(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    options = KafkaConnection.model_validate({"auth": {"sasl": {"mechanism": "AWS_MSK_IAM_OAUTHBEARER"}}})
    settings = connection_settings(options)
    assert settings["security.protocol"] == "SASL_SSL"
    token, end = settings["oauth_cb"]("")
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    asked = parse_qs(urlsplit(url).query)
    assert asked["Action"] == ["kafka-cluster:Connect"]
    assert asked["User-Agent"] == ["logboom"]
    assert asked["X-Amz-Credential"][0].split("/")[2:] == ["eu-west-1", "kafka-cluster", "aws4_request"]
    assert 800 < end - time.time() <= 900


def test_amazons_token_needs_a_region(monkeypatch):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(LogboomError, match="AWS_REGION"):
        MskTokens("")("")


@pytest.mark.parametrize("factory", [EXPORTER, RECEIVER], ids=["exporter", "receiver"])
def test_who_gives_tokens_is_asked_for_when_a_component_is_made(factory, tmp_path):
    """So that it is started before the component is."""
    asked = []

    class Extensions(dict):
        def __getitem__(self, name):
            asked.append(name)
            return Tokens("x")

    sasl = {"mechanism": "OAUTHBEARER", "oauthbearer_token_source": "oauth2client/k"}
    factory.create(
        factory.config.model_validate({"auth": {"sasl": sasl}}), Context("kafka", tmp_path, extensions=Extensions())
    )
    assert asked == ["oauth2client/k"]
