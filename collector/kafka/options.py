"""How Kafka is reached, with the OpenTelemetry Collector's names (its configkafka)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from collector.kafka.properties import checked
from collector.transport.auth import ExtensionId
from collector.transport.block import Block
from collector.transport.endpoint import Endpoint
from collector.transport.tls import TlsClientConfig
from collector.units import Duration

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM_OAUTHBEARER"]
_BROKER = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:/,\[\]]+)(:\d{1,5})?")


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class AwsMskConfig(Block):
    """`aws_msk`: for AWS_MSK_IAM_OAUTHBEARER."""

    region: str = ""
    """The cluster's region; empty = as the environment says."""


class SaslConfig(Block):
    """`auth.sasl`."""

    username: str = ""
    """For PLAIN and SCRAM."""
    password: SecretStr = SecretStr("")
    """For PLAIN and SCRAM."""
    mechanism: Mechanism = "PLAIN"
    """PLAIN shows the password itself: use it with TLS."""
    version: Literal[0, 1] = 0
    """Accepted; brokers say what they speak."""
    aws_msk: AwsMskConfig = AwsMskConfig()
    """For AWS_MSK_IAM_OAUTHBEARER: Amazon MSK by IAM, with the keys that AWS gives to this place."""
    oauthbearer_token_source: ExtensionId | None = None
    """For OAUTHBEARER: an extension that gives access tokens, such as `oauth2client`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.mechanism == "OAUTHBEARER":
            if self.oauthbearer_token_source is None:
                raise ValueError("oauthbearer_token_source is needed: an extension such as oauth2client")
        elif self.oauthbearer_token_source is not None:
            raise ValueError(f"oauthbearer_token_source: {self.mechanism} shows no token; write mechanism: OAUTHBEARER")
        if self.shows_password and not (self.username and self.password.get_secret_value()):
            raise ValueError("username and password are needed")
        return self

    @property
    def shows_password(self) -> bool:
        """By a user's name and password."""
        return self.mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class PlainTextConfig(Block):
    """`auth.plain_text`: the old way to write SASL PLAIN."""

    username: str = Field(min_length=1)
    """The user."""
    password: SecretStr
    """Its password."""


class KafkaAuth(Block):
    """`auth`."""

    sasl: SaslConfig | None = None
    """Who we are."""
    plain_text: PlainTextConfig | None = None
    """The old name of `sasl` with `mechanism: PLAIN`."""
    tls: TlsClientConfig | None = None
    """The old place of `tls`."""
    kerberos: dict[str, Any] | None = None
    """Not available: librdkafka as it is installed has no GSSAPI."""

    @field_validator("kerberos")
    @classmethod
    def _no_kerberos(cls, value: dict[str, Any] | None) -> None:
        if value is not None:
            raise ValueError(
                "kerberos is not available (librdkafka is installed without GSSAPI): use SCRAM-SHA-512, OAUTHBEARER or certificates"
            )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.sasl is not None and self.plain_text is not None:
            raise ValueError("plain_text is the old name of sasl: keep sasl alone")
        return self

    @property
    def credentials(self) -> SaslConfig | None:
        """Who we are, whichever way it is written."""
        if self.plain_text is None:
            return self.sasl
        return SaslConfig(username=self.plain_text.username, password=self.plain_text.password)


class MetadataRetryConfig(Block):
    """`metadata.retry`."""

    max: int = Field(3, ge=0)
    """Accepted; asking for metadata is never given up."""
    backoff: Duration = 0.25
    """Between two attempts."""


class MetadataConfig(Block):
    """`metadata`: what is asked about the cluster."""

    full: bool = True
    """Accepted; only topics in use are asked about."""
    refresh_interval: Duration = Field(600.0, gt=0, le=3600)
    """How often it is asked for anew."""
    retry: MetadataRetryConfig = MetadataRetryConfig()
    """When that failed."""


class KafkaConnection(Block):
    """Where Kafka is, and how it knows us."""

    brokers: Annotated[list[str], BeforeValidator(_split)] = Field(["localhost:9092"], min_length=1)
    """`host:port` of some brokers, by which the others are found."""
    tls: TlsClientConfig | None = None
    """Speak TLS. Absent, or `insecure: true`: in the clear (but for AWS_MSK_IAM_OAUTHBEARER)."""
    auth: KafkaAuth = KafkaAuth()
    """Who we are."""
    properties: Mapping[str, str | int | float | bool] = {}
    """Further properties by the names of librdkafka. Those that other options set, or that promises rest on, are refused."""

    @field_validator("brokers")
    @classmethod
    def _addresses(cls, brokers: list[str]) -> list[str]:
        for broker in brokers:
            if _BROKER.fullmatch(broker) is None:
                raise ValueError(f"{broker!r} is no broker: write host:port")
        return brokers

    @field_validator("properties")
    @classmethod
    def _known(cls, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        return checked(properties)

    @model_validator(mode="after")
    def _check_connection(self) -> Self:
        if self.tls is not None and self.auth.tls is not None:
            raise ValueError("auth.tls is the old place of tls: keep tls alone")
        if self.encryption is not None:
            _check_tls(self.encryption)
        return self

    @property
    def encryption(self) -> TlsClientConfig | None:
        """How TLS is spoken; None: in the clear."""
        tls = self.tls or self.auth.tls
        sasl = self.auth.credentials
        if tls is None and sasl is not None and sasl.mechanism == "AWS_MSK_IAM_OAUTHBEARER":
            return TlsClientConfig()
        return None if tls is None or tls.insecure else tls

    def named_authenticators(self) -> Sequence[str]:
        """The one that gives tokens, where there is one."""
        source = self.auth.sasl.oauthbearer_token_source if self.auth.sasl is not None else None
        return [source] if source is not None else []

    def reached(self) -> str:
        """For people: the brokers, and whether what goes there is in the clear."""
        return ", ".join(self._reached(broker) for broker in self.brokers)

    def _reached(self, broker: str) -> str:
        host, port = (broker, "9092") if re.search(r":\d+$", broker) is None else broker.rsplit(":", 1)
        address = f"{host}:{port}"
        if self.encryption is not None:
            return f"{address} (TLS)"
        return (
            f"{address} (TCP)" if Endpoint(host.strip("[]"), int(port)).is_local else f"{address} (TCP, in the clear)"
        )


class KafkaClientOptions(KafkaConnection):
    """The options that receiver and exporter share."""

    client_id: str = "otel-collector"
    """Our name in Kafka's logs, quotas and metrics; the Collector's, so that quotas go on."""
    protocol_version: str = ""
    """Accepted; brokers say what they speak."""
    resolve_canonical_bootstrap_servers_only: bool = False
    """Reach brokers by the names that their addresses resolve to."""
    metadata: MetadataConfig = MetadataConfig()
    """What is asked about the cluster."""
    rack_id: str = ""
    """Where we are: brokers that know racks let us read from the nearest replica."""
    use_leader_epoch: bool = True
    """Accepted; brokers say whether they have leader epochs."""
    conn_idle_timeout: Duration = Field(540.0, le=86_400)
    """Connections that nothing uses for so long are closed; 0 = never."""


def _check_tls(tls: TlsClientConfig) -> None:
    """What librdkafka can't honour is refused: an ignored security option is a hole."""
    if tls.server_name_override:
        raise ValueError(
            "tls.server_name_override: brokers name each other, so their certificates must name the hosts in `advertised.listeners`"
        )
    if tls.min_version == "1.3" or tls.max_version:
        raise ValueError(
            "tls: librdkafka speaks TLS 1.2 and 1.3, min_version 1.3 and max_version do not work for Kafka"
        )
    if tls.reload_interval:
        raise ValueError(
            "tls.reload_interval: librdkafka reads certificates when it connects first: reload logboom (SIGHUP) behind a rotation"
        )
