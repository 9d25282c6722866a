"""Tokens of a real provider (Authlib's), shown by an SDK: good, refused, rotated, and a provider that is down."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

from collector.component import Context
from collector.domains.resolver import DomainRules
from collector.extensions.oidc import FACTORY
from counterparts.oidc_provider import OidcProvider
from counterparts.receiving import receiving

AUTH = {"auth": {"authenticator": "oidc"}}
GUARDED = {"protocols": {"grpc": AUTH, "http": AUTH}}
RULES = DomainRules(names=["tamyla.com"], default=None)


def started(provider: OidcProvider):
    extension = FACTORY.create(
        FACTORY.config.model_validate({"issuer_url": provider.url, "audience": "logboom"}), Context("oidc", Path())
    )
    extension.start()
    return extension


def send(running, token: str, protocol: str = "http") -> None:
    headers = {"authorization": f"Bearer {token}"}
    exporter = (
        GrpcExporter(endpoint=running.grpc, insecure=True, headers=headers, timeout=10)
        if protocol == "grpc"
        else HttpExporter(endpoint=f"http://{running.http}/v1/logs", headers=headers, timeout=10)
    )
    sdk = LoggerProvider()
    sdk.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    sdk.get_logger("test").emit(timestamp=time.time_ns(), severity_number=SeverityNumber.WARN, body="x")
    sdk.shutdown()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_an_sdk_with_a_token(algorithm, protocol):
    """The provider's token is good; one without the scope, for others, or without a domain is not. The SDK comes again while the keys
    are on their way."""
    with OidcProvider(algorithm) as provider:
        extension = started(provider)
        try:
            with receiving(GUARDED, rules=RULES, extensions={"oidc": extension}) as running:
                send(running, provider.token(), protocol)
                assert [one.domain for one in running.intake.payloads] == ["tamyla.com"]
                send(running, provider.token(scope="logs:read"), protocol)
                provider.audience = "another"
                send(running, provider.token(), protocol)
                provider.audience, provider.claims = "logboom", {"domain": "unknown.example"}
                send(running, provider.token(), protocol)
                assert running.intake.records == 1
                refused = running.admission.statistics().refused_requests
                assert (refused["PermissionDenied"], refused["Unauthenticated"]) == (2, 1)
        finally:
            extension.shutdown()


def test_rotation_and_a_provider_that_is_down():
    """A new key is asked for while its sender comes again, once; good tokens go on while the provider is down."""
    with OidcProvider() as provider:
        extension = started(provider)
        try:
            with receiving(GUARDED, rules=RULES, extensions={"oidc": extension}) as running:
                send(running, first := provider.token())
                provider.rotate()
                send(running, provider.token())
                assert running.intake.records == 2
                assert provider.asked.count("/jwks") == 2
                token = provider.token()
                provider.down = True
                send(running, first)
                send(running, token)
                assert running.intake.records == 4
        finally:
            extension.shutdown()


def test_a_provider_that_is_down_from_the_start():
    """logboom starts; senders are told to come again, and are let in when it is there."""
    with OidcProvider() as provider:
        provider.down = True
        extension = started(provider)
        try:
            with receiving(GUARDED, rules=RULES, extensions={"oidc": extension}) as running:
                provider.down = False
                send(running, provider.token())
                assert running.intake.records == 1
        finally:
            extension.shutdown()
