"""Options of the `clickhouse` exporter: those of the Collector's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, cast

from pydantic import Field, SecretStr, model_validator

from collector.component import Config
from collector.delivery.config import DeliveryConfig, QueueConfig
from collector.transport.compression import Compression
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin
from collector.transport.tls import TlsClientConfig
from collector.units import ByteSize, Duration
from exporters.clickhouse.address import Address, address

_DEFAULT_DATABASE = "default"
_COMPRESSIONS = frozenset({"none", "lz4", "zstd", "gzip", "deflate"})


class TableEngine(Config):
    """`table_engine`."""

    name: str = Field("", pattern=r"^[A-Za-z]*$")
    """`ReplicatedMergeTree`, …; empty = `MergeTree()`."""
    params: str = ""
    """What stands between its parentheses."""


class ClickHouseQueueConfig(QueueConfig):
    """`sending_queue`."""

    max_request_bytes: ByteSize = Field(8 << 20, ge=1024)
    """Cut requests near this (uncompressed, estimated) size."""


class ClickHouseConfig(DeliveryConfig):
    """Delivery, the server, and the table."""

    removed_options = {"json": "attributes are maps: columns of type JSON are not written"}

    endpoint: str = Field(..., min_length=1)
    """The HTTP interface: `http://clickhouse:8123`, `https://…:8443`; `tcp://host:9000` and `clickhouse://host:9440` mean the one beside that port."""
    username: str = ""
    """Who inserts; empty = whom `endpoint` names, else the server's `default`."""
    password: SecretStr = SecretStr("")
    """The user's password."""
    database: str = Field(_DEFAULT_DATABASE, min_length=1)
    """The database, made where it is not there; unless it is `default` it comes before the one that `endpoint` names."""
    logs_table_name: str = Field("otel_logs", min_length=1)
    """The table."""
    create_schema: bool = True
    """Make database and table where they are not there, before the first insert."""
    ttl: Duration = 0.0
    """Rows of a table that is made are deleted after this time (`72h`); 0 = never."""
    table_engine: TableEngine = TableEngine()
    """The engine of a table that is made."""
    cluster_name: str = Field("", pattern=r"^[\w.{}'-]*$")
    """Make them `ON CLUSTER` of this name."""
    compress: str = "lz4"
    """Of request bodies: `none`, `lz4` (`true`), `zstd`, `gzip` or `deflate`."""
    async_insert: bool = True
    """The server gathers inserts of many senders (`async_insert`); it answers when they are stored."""
    connection_params: dict[str, str | bool | int | float] = {}
    """Settings of the server for each insert (`max_execution_time: 60`), before those in `endpoint`. Those of the Collector's driver are accepted."""
    tls: TlsClientConfig = TlsClientConfig()
    """For `https://`; the URL decides whether TLS is spoken."""
    sending_queue: ClickHouseQueueConfig = ClickHouseQueueConfig()
    """Queue, batching and quota."""
    traces_table_name: str = ""
    """Accepted; only logs are sent."""
    metrics_table_name: str = ""
    """Accepted; only logs are sent."""
    metrics_tables: dict[str, Any] = {}
    """Accepted; only logs are sent."""
    profiles_table_name: str = ""
    """Accepted; only logs are sent."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        found = self.address
        if self.compression not in _COMPRESSIONS:
            raise ValueError(f"compress: {self.compression} is not available: write none, lz4, zstd, gzip or deflate")
        if self.key and leaves_in_the_clear(found.base):
            raise ValueError("the password would travel over http:// to another machine: use https://")
        return self

    @property
    def address(self) -> Address:
        """Where to, by `endpoint` and `connection_params`."""
        given = self.connection_params.items()
        return address(self.endpoint, {name: _text(value) for name, value in given})

    @property
    def compression(self) -> str:
        """By the parameter, else by the option."""
        told = (self.address.driver.get("compress") or self.compress).lower()
        return {"true": "lz4", "1": "lz4", "false": "none", "0": "none"}.get(told, told)

    @property
    def into(self) -> str:
        """The database."""
        return self.database if self.database != _DEFAULT_DATABASE else self.address.database or _DEFAULT_DATABASE

    @property
    def user(self) -> str:
        """Who inserts."""
        return self.username or self.address.user

    @property
    def key(self) -> str:
        """The password, revealed."""
        return self.password.get_secret_value() or ("" if self.username else self.address.password)

    @property
    def client(self) -> HttpClientConfig:
        """What sends."""
        return HttpClientConfig(
            endpoint=self.address.base, compression=cast("Compression", self.compression), tls=self.tls
        )

    def deletes_by_itself(self) -> str:
        """For legal holds."""
        return f"tables that it makes delete their rows after {self.ttl / 86_400:g} days" if self.ttl else ""

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.address.base)

    def cautions(self) -> Mapping[str, str]:
        """A port of the native protocol; answers that promise nothing."""
        found, told = self.address, {}
        if found.native:
            told["endpoint"] = f"the native protocol is not spoken: records go over HTTP to {found.base}"
        if self.async_insert and found.settings.get("wait_for_async_insert", "1") in ("0", "false"):
            told["connection_params"] = (
                "wait_for_async_insert: the server answers before rows are stored, and what it loses then is lost"
            )
        return told


def _text(value: str | bool | float) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
