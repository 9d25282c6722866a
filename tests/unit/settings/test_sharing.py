"""`service.ledger.kafka` and what can't stand beside it: refused where it is written, with a way out; or told."""

from __future__ import annotations

import pytest

from collector.cluster.connecting import remember, remembered
from collector.errors import ConfigError
from collector.settings import load
from collector.settings.model import Settings

KAFKA = 'kafka: {brokers: ["localhost:9092"], auth: {sasl: {username: me, password: sesame}}}'


def written(
    service: str = "", extensions: str = "", exporters: str = "nop: {}", receiver: str = "", kafka: str = KAFKA
) -> str:
    names = ", ".join(part.partition(":")[0].strip() for part in [exporters])
    own = f"extensions: {{{extensions}}}\n" if extensions else ""
    started = f"extensions: [{extensions.partition(':')[0]}]," if extensions else ""
    return (
        f'receivers: {{otlp: {{protocols: {{http: {{endpoint: "localhost:0"}}}}{receiver}}}}}\n'
        f"exporters: {{{exporters}}}\n{own}"
        f"service: {{{started} ledger: {{{kafka}}}, {service} pipelines: {{logs: {{receivers: [otlp], exporters: [{names}]}}}}}}\n"
    )  # fmt: skip


def read(text: str) -> Settings:
    return load([f"yaml:{text}"], environ={})


def test_many_partitions_unless_it_says_so():
    """Four on one machine, thirty-two where many share them."""
    assert read(written()).service.ledger.partitions == 32
    assert read(written(kafka=f"partitions: 8, {KAFKA}")).service.ledger.partitions == 8
    assert read(written(kafka="partitions: 4")).service.ledger.partitions == 4
    assert read(written(kafka="")).service.ledger.partitions == 4


@pytest.mark.parametrize(
    ("given", "said", "way_out"),
    [
        ({"service": "encryption: {master_key: {file: key}},"}, "service.encryption", "brokers"),
        ({"extensions": "backup: {to: copies}"}, "extension backup", "replication"),
        ({"receiver": ", ack: delivered"}, "receivers.otlp.ack", "leave `ack` out"),
    ],
    ids=["encryption", "backup", "ack"],
)
def test_what_one_machine_keeps_for_itself_is_refused(given, said, way_out):
    """At its line."""
    with pytest.raises(ConfigError) as error:
        read(written(**given))
    [problem] = [each for each in error.value.problems if each.code == "config/not-shared"]
    assert said in problem.message
    assert way_out in problem.hint
    assert problem.line > 0
    read(written(**given, kafka=""))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("replication_factor: 2, min_insync_replicas: 3", "min_insync_replicas"),
        ("auth: {sasl: {mechanism: OAUTHBEARER, oauthbearer_token_source: oidc}}", "SCRAM-SHA-512"),
        ("session_timeout: 1s", "session_timeout"),
        ("prefix: 'a b'", "prefix"),
        ("properties: {acks: 1}", "acks"),
    ],
)
def test_options_that_can_not_be_kept_are_refused(given, said):
    """Before anything starts."""
    with pytest.raises(ConfigError, match=said):
        read(written(kafka=f"kafka: {{{given}}}"))


def test_what_is_less_than_it_seems_is_told():
    """Stores on one machine's disk, and one broker."""
    told = read(
        written(exporters="sqlite: {}", kafka="kafka: {replication_factor: 1, min_insync_replicas: 1, brokers: [k1]}")
    ).warnings
    assert [said for said in told if said.startswith("exporters.sqlite beside")]
    assert [said for said in told if "replication_factor is 1" in said]
    assert [said for said in told if "in the clear" in said]


def test_how_the_brokers_are_reached_is_remembered_for_commands(tmp_path):
    """As it was written, with its secrets, for its owner's eyes alone."""
    kafka = read(
        written(kafka=KAFKA[:-1] + ", session_timeout: 8s, retention: 2d, properties: {debug: broker}}")
    ).service.ledger.kafka
    assert kafka is not None
    remember(tmp_path, kafka, 32)
    found = remembered(tmp_path)
    assert found is not None
    assert (found.options, found.partitions) == (kafka, 32)
    assert (tmp_path / "cluster" / "connection.json").stat().st_mode & 0o777 == 0o600
