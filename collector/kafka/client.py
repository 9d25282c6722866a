"""librdkafka's configuration, made of ours."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from collector.component import ClientAuthenticator, Context
from collector.errors import LogboomError
from collector.kafka.options import KafkaClientOptions, KafkaConnection, SaslConfig
from collector.kafka.tokens import MskTokens, TokenSource
from collector.transport.tls import TlsClientConfig, librdkafka_names, system_authorities

_log = logging.getLogger(__name__)
_MECHANISMS = {"AWS_MSK_IAM_OAUTHBEARER": "OAUTHBEARER"}


def lacking() -> str:
    """What must be installed for Kafka; empty where it is. Nothing is imported to tell."""
    found = find_spec("confluent_kafka") is not None
    return "" if found else "Kafka needs the extra: pip install 'logboom[kafka]'"


def token_source(connection: KafkaConnection, context: Context) -> ClientAuthenticator | None:
    """The extension that gives tokens, where `auth` names one. Components ask for it when they are made, so that it is started before them."""
    named = connection.named_authenticators()
    found: ClientAuthenticator | None = context.extensions[named[0]] if named else None
    return found


def connection_settings(connection: KafkaConnection, context: Context | None = None) -> dict[str, Any]:
    """How brokers are reached, for any client: to be laid over nothing and under what a client needs of its own. Files of
    `tls` are read here.

    Its callbacks (log, tokens) run in the thread that polls the client.

    Args:
        context: with the extension that gives tokens, where `auth` names one.

    Raises:
        LogboomError: the extra is missing, or a file of `tls` can't be read; without secrets.
    """
    if lack := lacking():
        raise LogboomError(lack)
    sasl, tls = connection.auth.credentials, connection.encryption
    source = token_source(connection, context) if context is not None else None
    protocol = ("SASL_" if sasl is not None else "") + ("SSL" if tls is not None else "PLAINTEXT")
    return {
        "bootstrap.servers": ",".join(connection.brokers),
        "security.protocol": protocol,
        "logger": _log,
        "log_level": 4,
        **(_encrypted(tls) if tls is not None else {}),
        **(_authenticated(sasl, source) if sasl is not None else {}),
        **{name: _text(value) for name, value in connection.properties.items()},
    }


def client_settings(options: KafkaClientOptions, context: Context | None = None) -> dict[str, Any]:
    """`connection_settings`, and what receiver and exporter share besides."""
    lookup = "resolve_canonical_bootstrap_servers_only" if options.resolve_canonical_bootstrap_servers_only else ""
    return {
        "client.id": options.client_id,
        "topic.metadata.refresh.interval.ms": millis(options.metadata.refresh_interval),
        "metadata.max.age.ms": 3 * millis(options.metadata.refresh_interval),
        "connections.max.idle.ms": millis(options.conn_idle_timeout),
        "client.rack": options.rack_id,
        **({"client.dns.lookup": lookup} if lookup else {}),
        **connection_settings(options, context),
    }


def millis(secs: float) -> int:
    """Seconds as whole milliseconds, 1 at least unless it is 0."""
    return max(1, round(secs * 1000)) if secs else 0


def _encrypted(tls: TlsClientConfig) -> dict[str, Any]:
    try:
        authorities, pair = tls.authorities(), tls.pair()
    except OSError as error:
        raise LogboomError(f"tls: {error.filename}: {error.strerror}") from None
    settings: dict[str, Any] = {"ssl.endpoint.identification.algorithm": "https"}
    if authorities is not None:
        more = system_authorities() if tls.include_system_ca_certs_pool else b""
        settings["ssl.ca.pem"] = (authorities + more).decode()
    if pair is not None:
        settings |= {"ssl.key.pem": pair[0].decode(), "ssl.certificate.pem": pair[1].decode()}
    if tls.insecure_skip_verify:
        settings["enable.ssl.certificate.verification"] = False
    return settings | librdkafka_names(tls)


def _authenticated(sasl: SaslConfig, source: ClientAuthenticator | None) -> Mapping[str, Any]:
    settings: dict[str, Any] = {"sasl.mechanism": _MECHANISMS.get(sasl.mechanism, sasl.mechanism)}
    if sasl.shows_password:
        return {**settings, "sasl.username": sasl.username, "sasl.password": sasl.password.get_secret_value()}
    if sasl.mechanism == "AWS_MSK_IAM_OAUTHBEARER":
        return {**settings, "oauth_cb": MskTokens(sasl.aws_msk.region)}
    assert source is not None
    return {**settings, "oauth_cb": TokenSource(source)}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
