"""How a real Kafka is reached: in the clear, over TLS, with each way to say who we are; and that it comes back with what it had."""

from __future__ import annotations

import base64
import json
import time

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from collector.component import Context
from collector.kafka.client import client_settings
from collector.kafka.confluent_admin import ConfluentAdmin
from collector.kafka.options import KafkaClientOptions
from collector.kafka.wire import Place, Unreachable
from counterparts.cluster_bench import until

pytestmark = pytest.mark.slow


def reached(options: dict, patience_secs: float = 60, context: Context | None = None) -> bool:
    """Whether the cluster tells what topics it has."""
    settings = client_settings(KafkaClientOptions.model_validate(options), context)
    admin = AdminClient({**settings, "log_level": 0, "socket.timeout.ms": 60000})
    try:
        return bool(admin.list_topics(timeout=patience_secs).brokers)
    except KafkaException:
        return False


def end_of(admin: ConfluentAdmin, place: Place) -> int | None:
    """Where a partition ends; None: it can't be told now."""
    try:
        return admin.bounds([place])[place][1]
    except Unreachable:
        return None


def test_in_the_clear(kafka):
    assert reached({"brokers": kafka.address})


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_over_tls_with_a_password(kafka, authority, mechanism):
    tls = {"ca_file": str(authority.ca_file)}
    sasl = {"mechanism": mechanism, "username": "ada", "password": "ada's word"}
    assert reached({"brokers": [kafka.sasl_address], "tls": tls, "auth": {"sasl": sasl}})
    assert not reached(
        {"brokers": [kafka.sasl_address], "tls": tls, "auth": {"sasl": {**sasl, "password": "another"}}}, 1
    )


class Tokens:
    """An extension that gives tokens which nobody signed."""

    def __init__(self) -> None:
        now = int(time.time())
        parts = ({"alg": "none"}, {"sub": "ada", "iat": now - 600, "exp": now + 600})
        self._token = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
        )

    async def headers(self):
        return {"authorization": f"Bearer {self._token}."}


def test_over_tls_with_a_token_of_an_extension(kafka, authority, tmp_path):
    sasl = {"mechanism": "OAUTHBEARER", "oauthbearer_token_source": "tokens"}
    options = {"brokers": [kafka.sasl_address], "tls": {"ca_file": str(authority.ca_file)}, "auth": {"sasl": sasl}}
    assert reached(options, context=Context("kafka", tmp_path, extensions={"tokens": Tokens()}))


def test_a_certificate_of_a_stranger_is_not_taken_unless_told_to(kafka, tmp_path):
    auth = {"plain_text": {"username": "ada", "password": "ada's word"}}
    assert not reached({"brokers": [kafka.sasl_address], "tls": {}, "auth": auth}, 1)
    assert reached({"brokers": [kafka.sasl_address], "tls": {"insecure_skip_verify": True}, "auth": auth})


def test_what_was_written_is_there_after_a_death(kafka):
    kafka.make("lasting", partitions=2)
    kafka.send("lasting", b"one", b"two", partition=1, headers={"a": "b"})
    admin, place = ConfluentAdmin({"bootstrap.servers": kafka.address}), Place("lasting", 1)
    assert admin.bounds([place]) == {place: (0, 2)}
    kafka.kill()
    kafka.start()
    until(lambda: end_of(admin, place) == 2)  # led anew; who asked before knows of the old reign
    assert [message.value() for message in kafka.messages("lasting")] == [b"one", b"two"]
    kafka.pause()
    try:
        assert not reached({"brokers": [kafka.address]}, 1)
    finally:
        kafka.resume()
    assert reached({"brokers": [kafka.address]})
