"""Configurations of the Collector's kafka receiver and exporter load as they are, or are refused with what to write instead."""

from __future__ import annotations

import pytest

from collector.errors import ConfigError
from collector.settings import load

OTHER = {
    "receivers": "receivers: {otlp: {protocols: {grpc: {endpoint: 'localhost:0'}}}}",
    "exporters": "exporters: {debug: {}}",
}
RECEIVERS = {
    "nothing": "kafka:",
    "a protocol version": "kafka: {protocol_version: 2.0.0}",
    "brokers in one text": "kafka: {brokers: 'k1:9092, k2:9092', logs: {topics: [otlp_logs]}}",
    "SASL and TLS": """
      kafka:
        brokers: [k1:9093]
        tls: {ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem, insecure: false}
        auth: {sasl: {username: u, password: p, mechanism: SCRAM-SHA-512, version: 1}}
    """,
    "old places of TLS and of a password": """
      kafka:
        resolve_canonical_bootstrap_servers_only: true
        auth: {tls: {ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem}, plain_text: {username: u, password: p}}
        metadata: {retry: {max: 10, backoff: 5s}, full: false, refresh_interval: 5m}
    """,
    "Amazon MSK": "kafka: {auth: {sasl: {mechanism: AWS_MSK_IAM_OAUTHBEARER, aws_msk: {region: eu-west-1}}}}",
    "patterns of topics": "kafka: {logs: {topics: ['^logs-.*', audit], exclude_topics: ['^logs-test-.*$'], encoding: otlp_json}}",
    "a topic of each signal": """
      kafka:
        logs: {topic: logs, encoding: text_utf-8}
        metrics: {topic: metrics, encoding: otlp_proto}
        traces: {topic: spans, encoding: jaeger_proto}
        profiles: {topics: [profiles]}
    """,
    "old names": "kafka: {topic: logs, encoding: raw, group_rebalance_strategy: roundrobin}",
    "a group": """
      kafka:
        group_id: g
        group_instance_id: one
        client_id: c
        initial_offset: earliest
        session_timeout: 30s
        heartbeat_interval: 5s
        group_rebalance_strategies: [cooperative-sticky]
        min_fetch_size: 1
        default_fetch_size: 1048576
        max_fetch_size: 0
        max_fetch_wait: 500ms
        max_partition_fetch_size: 2097152
        rack_id: a
        use_leader_epoch: false
        conn_idle_timeout: 5m
        autocommit: {enable: false, interval: 5s}
        message_marking: {after: true, on_error: true, on_permanent_error: false}
        header_extraction: {extract_headers: true, headers: [env]}
        error_backoff: {enabled: true, initial_interval: 1s, max_interval: 10s}
        telemetry: {metrics: {kafka_receiver_records_delay: {enabled: true}}}
    """,
}
EXPORTERS = {
    "nothing": "kafka:",
    "a topic of each signal": """
      kafka:
        brokers: [foo:123, bar:456]
        logs: {topic: logs}
        metrics: {topic: metrics, encoding: otlp_json}
        traces: {topic: spans, encoding: zipkin_json}
        producer: {max_message_bytes: 10000000, required_acks: -1, compression: gzip, compression_params: {level: 6}, linger: 5ms}
        timeout: 10s
        partition_traces_by_id: true
        partition_metrics_by_resource_attributes: true
        partition_logs_by_resource_attributes: true
        sending_queue: {enabled: true, num_consumers: 2, queue_size: 10}
        retry_on_failure: {enabled: true, initial_interval: 10s, max_interval: 60s, max_elapsed_time: 10m}
    """,
    "what came with requests": """
      kafka:
        include_metadata_keys: [metadata_key]
        logs: {topic: logs, topic_from_metadata_key: kafka_topic, message_key_from_metadata_key: kafka_key}
        sending_queue: {batch: {sizer: bytes, min_size: 100, partition: {metadata_keys: [metadata_key, kafka_topic, kafka_key]}}, queue_size: 1000000}
    """,
    "acknowledged by all": "kafka: {producer: {required_acks: all, flush_max_messages: 100, allow_auto_topic_creation: false}}",
    "each partitioner": """
      kafka: {record_partitioner: {sticky_key: {hasher: murmur2}}}
      kafka/2: {record_partitioner: {round_robin: {}}}
      kafka/3: {record_partitioner: {least_backup: }}
    """,
    "headers of messages": "kafka: {record_headers: [{name: env, value: prod}], topic_from_attribute: kafka.topic}",
    "old names": "kafka: {topic: logs, encoding: otlp_json, partition_logs_by_trace_id: true}",
}
REFUSED = {
    "kerberos": ("exporters", "kafka: {auth: {kerberos: {realm: R, username: u}}}", "use SCRAM-SHA-512"),
    "an encoding of an extension": ("receivers", "kafka: {logs: {encoding: json_log_encoding}}", "encodings of extensions are not available"),
    "a partitioner of an extension": ("exporters", "kafka: {record_partitioner: {extension: mine}}", "use sticky_key or round_robin"),
    "a token of an extension that is not there": (
        "receivers", "kafka: {auth: {sasl: {mechanism: OAUTHBEARER, oauthbearer_token_source: oauth2client}}}", "oauth2client",
    ),
}  # fmt: skip


def loaded(section: str, text: str):
    indented = text if "\n" in text else f"\n      {text}"
    names = [line.strip().partition(":")[0] for line in indented.split("\n") if line.startswith("      kafka")]
    ours, others = f"[{', '.join(names)}]", {"receivers": "[otlp]", "exporters": "[debug]"}
    stand = {**others, section: ours}
    other = next(kind for kind in others if kind != section)
    pipeline = f"service: {{pipelines: {{logs: {{receivers: {stand['receivers']}, exporters: {stand['exporters']}}}}}}}"
    return load([f"yaml:{piece}" for piece in (f"{section}:{indented.rstrip()}\n", OTHER[other], pipeline)], environ={})


@pytest.mark.parametrize("name", RECEIVERS)
def test_receivers_load(name):
    assert set(loaded("receivers", RECEIVERS[name]).receivers) == {"kafka"}


@pytest.mark.parametrize("name", EXPORTERS)
def test_exporters_load(name):
    assert "kafka" in loaded("exporters", EXPORTERS[name]).exporters


@pytest.mark.parametrize(("section", "text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_done_is_refused_with_a_remedy(section, text, said):
    with pytest.raises(ConfigError) as refused:
        loaded(section, text)
    assert any(said in f"{problem.message} {problem.hint}" for problem in refused.value.problems)


def test_who_gives_tokens_may_be_an_extension():
    text = "kafka: {auth: {sasl: {mechanism: OAUTHBEARER, oauthbearer_token_source: oauth2client/k}}}"
    extension = "extensions: {oauth2client/k: {client_id: c, client_secret: s, token_url: 'https://id.example/token'}}"
    pipeline = "service: {extensions: [oauth2client/k], pipelines: {logs: {receivers: [kafka], exporters: [kafka]}}}"
    pieces = (f"receivers: {{{text}}}", f"exporters: {{{text}}}", extension, pipeline)
    settings = load([f"yaml:{piece}" for piece in pieces], environ={})
    assert settings.exporters["kafka"].config.named_authenticators() == ["oauth2client/k"]
