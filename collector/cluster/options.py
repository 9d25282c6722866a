"""`service.ledger.kafka`: what was accepted, and what becomes of it, stands in Kafka, and many machines share it out."""

from __future__ import annotations

import re
import socket
from typing import Literal, Self

from pydantic import Field, PrivateAttr, SecretStr, field_validator, model_validator

from collector.kafka.options import KafkaConnection
from collector.units import ByteSize, Duration, LongDuration

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,120}")
OVERHEAD_BYTES = 64 << 10
"""What a record has besides a body: headers, and the batch's own."""


class KafkaLedgerConfig(KafkaConnection):
    """Where the cluster is, and how its topics are."""

    prefix: str = "logboom"
    """What the names of topics, group and transactions begin with; those who have the same share the work."""
    instance_id: str = ""
    """What this machine is called in the cluster, the same after a restart, and no other's; empty = its host name."""
    secret: SecretStr = SecretStr("")
    """The same long random text on all machines: by it the keys that they have in common (of pseudonyms, links, audit chains) stand in
    the topics encrypted; without it, whoever may read the topics has them."""
    session_timeout: Duration = Field(10.0, ge=6, le=300)
    """So long after its last sign of life the partitions of a process go to others."""
    replication_factor: int = Field(3, ge=1, le=32767)
    """On how many brokers each record stands, of topics that are made."""
    min_insync_replicas: int = Field(2, ge=1)
    """On how many of them it must stand before it is acknowledged."""
    create_topics: bool = True
    """Make the topics that are missing; otherwise they must be there."""
    retention: LongDuration = Field(604_800.0, ge=3600)
    """The last guard: what nobody has processed for so long is deleted by the brokers. Intake ends at half of it."""
    max_message_bytes: ByteSize = Field(8 << 20, ge=1 << 20)
    """The largest message that the brokers take."""
    compression: Literal["none", "lz4", "zstd"] = "lz4"
    """How messages are compressed."""
    rack: str = ""
    """Where this machine is (`client.rack`): it reads from replicas that are near."""
    _generation: int = PrivateAttr(1)

    @field_validator("prefix", "instance_id")
    @classmethod
    def _named(cls, name: str) -> str:
        if name and _NAME.fullmatch(name) is None:
            raise ValueError("letters, digits, `.`, `_` and `-`, 120 at most")
        return name

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.prefix:
            raise ValueError("prefix is empty: topics need a name")
        if 0 < len(self.secret.get_secret_value()) < 24:
            raise ValueError("secret: at least 24 characters, such as `openssl rand -base64 32` prints")
        if self.min_insync_replicas > self.replication_factor:
            raise ValueError(
                f"min_insync_replicas: a record that stands on {self.replication_factor} brokers never stands on {self.min_insync_replicas}"
            )
        sasl = self.auth.sasl
        if sasl is not None and sasl.mechanism == "OAUTHBEARER":
            raise ValueError(
                "auth.sasl.mechanism: OAUTHBEARER asks an extension for tokens, and this is used before extensions start: "
                "use SCRAM-SHA-512, certificates or AWS_MSK_IAM_OAUTHBEARER"
            )
        return self

    @property
    def instance(self) -> str:
        """This machine's name."""
        return self.instance_id or re.sub(r"[^a-zA-Z0-9._-]", "-", socket.gethostname())[:120]

    @property
    def generation(self) -> int:
        """Of the topics: they are made anew for another number of partitions (`collector.cluster.generation`)."""
        return self._generation

    def of_generation(self, number: int) -> Self:
        """The same cluster with the topics of a generation."""
        made = self.model_copy()
        made._generation = number
        return made

    @property
    def names(self) -> str:
        """What topics, group and transactions of the generation begin with."""
        return self.prefix if self._generation == 1 else f"{self.prefix}.g{self._generation}"

    def topic(self, name: str) -> str:
        """The whole name of a topic of the generation."""
        return f"{self.names}.{name}"

    @property
    def root_topic(self) -> str:
        """Where all generations tell what is true of the cluster as a whole: which one counts, and its keys."""
        return f"{self.prefix}.status"
