"""Options of the otlp receiver: what is accepted, what is refused and in which words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from collector.receivers.otlp.config import OtlpReceiverConfig
from collector.transport.grpc_server_config import GrpcServerConfig, channel_options

TLS = {"cert_file": "c.pem", "key_file": "k.pem"}


def read(config: object) -> OtlpReceiverConfig:
    return OtlpReceiverConfig.model_validate(config)


@pytest.mark.parametrize("block", [None, {}], ids=["null", "empty"])
def test_naming_a_protocol_is_enough(block):
    """`grpc:` or `http:` alone listens on the default address; what is not named does not listen."""
    only_grpc = read({"protocols": {"grpc": block}}).protocols
    only_http = read({"protocols": {"http": block}}).protocols
    assert only_grpc.grpc is not None
    assert (only_grpc.grpc.endpoint, only_grpc.grpc.max_recv_msg_size_mib, only_grpc.http) == (
        "localhost:4317",
        4,
        None,
    )
    assert only_http.http is not None
    assert (only_http.http.endpoint, only_http.http.max_request_body_size, only_http.grpc) == (
        "localhost:4318",
        4 << 20,
        None,
    )


@pytest.mark.parametrize("config", [{}, {"protocols": {}}, {"protocols": None}])
def test_no_protocol(config):
    """otelcol's own words."""
    with pytest.raises(ValidationError, match="must specify at least one protocol when using the OTLP receiver"):
        read(config)


def test_every_option_of_otelcol_is_accepted():
    """A full configuration of otelcol's receiver is read, and `0` keeps its meaning of "the default"."""
    full = {
        "protocols": {
            "grpc": {
                "endpoint": "127.0.0.1:4317",
                "transport": "tcp",
                "tls": {**TLS, "client_ca_file": "ca.pem", "reload_interval": "10s", "min_version": "1.2"},
                "max_recv_msg_size_mib": 32,
                "max_concurrent_streams": 16,
                "read_buffer_size": 1024,
                "write_buffer_size": 1024,
                "keepalive": {
                    "server_parameters": {
                        "max_connection_idle": "11s",
                        "max_connection_age": "12s",
                        "max_connection_age_grace": "13s",
                        "time": "30s",
                        "timeout": "5s",
                    },
                    "enforcement_policy": {"min_time": "10s", "permit_without_stream": True},
                },
                "include_metadata": True,
                "middlewares": [],
            },
            "http": {
                "endpoint": "127.0.0.1:4318",
                "tls": {
                    **TLS,
                    "cipher_suites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
                    "curve_preferences": ["P256"],
                },
                "cors": {"allowed_origins": ["https://*.test.com"], "allowed_headers": ["X"], "max_age": 7200},
                "max_request_body_size": "8MiB",
                "include_metadata": True,
                "response_headers": [{"name": "X-A", "value": "b"}],
                "compression_algorithms": ["", "gzip"],
                "read_timeout": "1s",
                "read_header_timeout": "2s",
                "write_timeout": "3s",
                "idle_timeout": "4s",
                "keep_alives_enabled": False,
                "traces_url_path": "traces",
                "metrics_url_path": "/v2/metrics",
                "logs_url_path": "log/ingest",
            },
        }
    }
    config = read(full)
    assert config.protocols.http is not None
    assert config.protocols.http.logs_url_path == "/log/ingest"
    assert config.protocols.http.response_headers == {"X-A": "b"}
    assert config.protocols.http.max_request_body_size == 8 << 20


REFUSED = {
    "typo in a protocol": ({"protocols": {"htttp": {}}}, "htttp"),
    "unknown option": ({"protocols": {"grpc": {"endpont": "x:1"}}}, "endpont"),
    "no port": ({"protocols": {"grpc": {"endpoint": "localhost"}}}, "write host:port"),
    "port too large": ({"protocols": {"grpc": {"endpoint": "localhost:70000"}}}, "write host:port"),
    "IPv6 without brackets": ({"protocols": {"grpc": {"endpoint": "::1:4317"}}}, "in brackets"),
    "unix without a path": ({"protocols": {"grpc": {"transport": "unix", "endpoint": ""}}}, "needs a path"),
    "certificate without key": ({"protocols": {"http": {"tls": {"cert_file": "c"}}}}, "provide both certificate and key, or neither"),
    "key without certificate": ({"protocols": {"grpc": {"tls": {"key_file": "k"}}}}, "provide both certificate and key, or neither"),
    "TLS without a certificate": ({"protocols": {"http": {"tls": {"ca_file": "c"}}}}, "a server needs cert_file and key_file"),
    "old TLS only": ({"protocols": {"http": {"tls": {**TLS, "max_version": "1.1"}}}}, "broken versions"),
    "TLS range upside down": ({"protocols": {"http": {"tls": {**TLS, "min_version": "1.3", "max_version": "1.2"}}}}, "above max_version"),
    "certificate twice": ({"protocols": {"http": {"tls": {**TLS, "cert_pem": "x"}}}}, "same thing twice"),
    "unknown cipher suite": ({"protocols": {"http": {"tls": {**TLS, "cipher_suites": ["RC4"]}}}}, "unknown cipher suites RC4"),
    "key in a TPM": ({"protocols": {"http": {"tls": {**TLS, "tpm": {"enabled": True}}}}}, "TPM are not supported"),
    "middleware": ({"protocols": {"http": {"middlewares": [{"id": "limiter"}]}}}, "unknown extension 'limiter'"),
    "bad path": ({"protocols": {"http": {"logs_url_path": "/%zz"}}}, "invalid HTTP URL path"),
    "unknown compression": ({"protocols": {"http": {"compression_algorithms": ["br"]}}}, "compression_algorithms"),
    "duration without a unit": ({"protocols": {"http": {"read_timeout": 5}}}, "has no unit"),
    "header with a line break": ({"protocols": {"http": {"response_headers": {"X": "a\r\nb"}}}}, "one line"),
    "header name with a blank": ({"protocols": {"http": {"response_headers": {"X Y": "a"}}}}, "not a header name"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    """What can't work is an error when the configuration is read, in words that help."""
    config, words = REFUSED[name]
    with pytest.raises(ValidationError, match=words):
        read(config)


OPEN = ["0.0.0.0:4317", ":4317", "[::]:4317", "192.0.2.7:4317", "logger.tamyla.com:4317", "127.0.0.1.nip.io:4317"]
LOCAL = ["localhost:4317", "127.0.0.1:4317", "127.9.9.9:4317", "[::1]:4317"]


@pytest.mark.parametrize("protocol", ["grpc", "http"])
@pytest.mark.parametrize("endpoint", OPEN)
def test_open_to_others_without_authentication(protocol, endpoint):
    """A listener that others can reach and that asks for no client certificate and no token is named; TLS alone says nothing of a sender."""
    block = {"endpoint": endpoint}
    named = {f"protocols.{protocol}.endpoint": endpoint}
    assert read({"protocols": {protocol: block}}).open_to_others() == named
    assert read({"protocols": {protocol: {**block, "tls": TLS}}}).open_to_others() == named
    for asks in ({"tls": {**TLS, "client_ca_file": "ca.pem"}}, {"auth": {"authenticator": "bearertokenauth"}}):
        assert read({"protocols": {protocol: {**block, **asks}}}).open_to_others() == {}


@pytest.mark.parametrize("endpoint", LOCAL)
def test_loopback_needs_nothing(endpoint):
    """Loopback addresses and unix sockets start without authentication."""
    assert read({"protocols": {"grpc": {"endpoint": endpoint}}})
    assert read({"protocols": {"http": {"transport": "unix", "endpoint": "/run/otlp.sock"}}})


def test_grpc_channel_options():
    """Every keepalive option reaches grpc under its own name; absent ones leave grpc's defaults."""
    block = GrpcServerConfig.model_validate(
        {
            "max_recv_msg_size_mib": 0,
            "max_connections": 77,
            "keepalive": {
                "server_parameters": {
                    "max_connection_idle": "11s",
                    "max_connection_age": "12s",
                    "max_connection_age_grace": "13s",
                    "time": "30s",
                    "timeout": "500ms",
                },
                "enforcement_policy": {"min_time": "10s", "permit_without_stream": True},
            },
        }
    )
    options = dict(channel_options(block, share_port=True))
    assert options == {
        "grpc.so_reuseport": 1,
        "grpc.max_receive_message_length": 4 << 20,
        "grpc.max_concurrent_streams": 100,
        "grpc.max_metadata_size": 16 << 10,
        "grpc.max_allowed_incoming_connections": 77,
        "grpc.server_handshake_timeout_ms": 20_000,
        "grpc.max_connection_idle_ms": 11_000,
        "grpc.max_connection_age_ms": 12_000,
        "grpc.max_connection_age_grace_ms": 13_000,
        "grpc.keepalive_time_ms": 30_000,
        "grpc.keepalive_timeout_ms": 500,
        "grpc.http2.min_recv_ping_interval_without_data_ms": 10_000,
        "grpc.keepalive_permit_without_calls": 1,
    }
    plain = dict(channel_options(GrpcServerConfig(), share_port=False))
    assert plain["grpc.so_reuseport"] == 0
    assert len(plain) == 6


def test_keys_are_never_shown():
    """A key in the configuration does not appear in its representation or its dump."""
    config = read({"protocols": {"http": {"tls": {"cert_pem": "c", "key_pem": "TOP-SECRET"}}}})
    assert "TOP-SECRET" not in repr(config)
    assert "TOP-SECRET" not in config.model_dump_json()
