"""Options of the `awss3` exporter: those of the Collector's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, tzinfo
from ipaddress import ip_address
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from collector.component import Config
from collector.delivery.config import BatchConfig, DeliveryConfig, QueueConfig
from collector.delivery.routing_options import RoutingOptions
from collector.transport.aws.assume_role import AssumeRole
from collector.transport.http_client_config import HttpClientConfig, check_url, origin
from collector.transport.tls import TlsClientConfig
from collector.units import ByteSize, Duration

Storage = Literal[
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"
]
Acl = Literal[
    "", "private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read",
    "bucket-owner-full-control",
]  # fmt: skip
Marshaler = Literal["otlp_json", "otlp_proto", "body", "sumo_ic"]
FORMATS: Mapping[Marshaler, str] = {"otlp_json": "json", "otlp_proto": "binpb", "body": "txt", "sumo_ic": "sumo_ic"}
"""How names end."""
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class S3UploaderConfig(Config):
    """`s3uploader`."""

    removed_options = {"s3_partition": "write `s3_partition_format`"}

    region: str = Field("us-east-1", min_length=1)
    """The bucket's region."""
    s3_bucket: str = ""
    """The bucket. Empty: the endpoint is one."""
    s3_prefix: str = ""
    """In front of the partition."""
    s3_base_prefix: str = ""
    """In front of the prefix, whatever `resource_attrs_to_s3` says."""
    s3_partition_format: str = "year=%Y/month=%m/day=%d/hour=%H/minute=%M"
    """The partition, as strftime writes the time of receipt."""
    s3_partition_timezone: str = ""
    """The time zone of the partition (`Europe/Berlin`); empty = UTC."""
    file_prefix: str = ""
    """In front of an object's own name."""
    endpoint: str = ""
    """A host or URL in place of Amazon's."""
    s3_force_path_style: bool = False
    """The bucket stands in the path, not in the host's name."""
    disable_ssl: bool = False
    """Send in the clear."""
    role_arn: str = ""
    """A role to take on with the keys that are found."""
    storage_class: Storage = "STANDARD"
    """Of the objects."""
    acl: Acl = ""
    """Whom they are open to; empty: as the bucket says."""
    compression: Literal["", "none", "gzip"] = ""
    """Of the objects."""
    unique_key_func_name: Literal["", "uuidv7"] = ""
    """`uuidv7`: names end like a UUID, which sorts by time."""
    retry_mode: Literal["standard", "adaptive", "nop"] = "standard"
    """Accepted; see `retry_on_failure`."""
    retry_max_attempts: int = Field(3, ge=0)
    """Accepted; see `retry_on_failure`."""
    retry_max_backoff: Duration = 20.0
    """Accepted; see `retry_on_failure`."""

    @field_validator("s3_partition_timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name} is no time zone") from None
        return name

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.s3_bucket and not self.endpoint:
            raise ValueError("bucket or endpoint is required")
        check_url("endpoint", self.server)
        return self

    @property
    def zone(self) -> tzinfo:
        """Of the partition."""
        return ZoneInfo(self.s3_partition_timezone) if self.s3_partition_timezone else UTC

    @property
    def server(self) -> str:
        """Scheme and host, without the bucket."""
        scheme = "http" if self.disable_ssl else "https"
        if self.endpoint:
            return self.endpoint.rstrip("/") if "://" in self.endpoint else f"{scheme}://{self.endpoint.rstrip('/')}"
        suffix = ".cn" if self.region.startswith("cn-") else ""
        return f"{scheme}://s3.{self.region}.amazonaws.com{suffix}"

    def address(self, bucket: str) -> str:
        """URL of a bucket; a name with a dot stands in the path, for no certificate covers it as a host."""
        if not bucket:
            return self.server
        parts = urlsplit(self.server)
        if self.s3_force_path_style or _is_address(parts.hostname or "") or ("." in bucket and parts.scheme == "https"):
            return f"{self.server}/{bucket}"
        return f"{parts.scheme}://{bucket}.{parts.netloc}{parts.path}"


def _is_address(host: str) -> bool:
    """No name can stand in front of it."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class ResourceAttrsToS3Config(Config):
    """`resource_attrs_to_s3`: attributes of the resource that say where its records go."""

    s3_bucket: str = ""
    """Which holds the bucket; without it, or where it is no bucket's name: `s3uploader.s3_bucket`."""
    s3_prefix: str = ""
    """Which holds the prefix; without it: `s3uploader.s3_prefix`."""


class AwsS3QueueConfig(QueueConfig):
    """`sending_queue`."""

    batch: BatchConfig | None = BatchConfig(sizer="items", min_size=0)
    """Wait for fuller requests; `min_size: 0`: an object for each outbox entry, which is named the same after a death."""
    max_request_bytes: ByteSize = Field(32 << 20, ge=1024)
    """Cut requests near this (uncompressed, estimated) size."""


class AwsS3Config(RoutingOptions, DeliveryConfig):
    """Where objects go, and what is in them."""

    timeout: Duration = 30.0
    """Time for one attempt; 0 = no limit."""
    sending_queue: AwsS3QueueConfig = AwsS3QueueConfig()
    """Queue, batching and quota."""
    s3uploader: S3UploaderConfig
    """The bucket and the names of objects."""
    marshaler: Marshaler = "otlp_json"
    """otlp_json, otlp_proto: one message an object; body: a line for each record; sumo_ic: Sumo Logic's archive format."""
    encoding: str = ""
    """Encoding extensions are not available; must be empty."""
    encoding_file_extension: str = ""
    """Accepted; it goes with `encoding`."""
    resource_attrs_to_s3: ResourceAttrsToS3Config = ResourceAttrsToS3Config()
    """Attributes of the resource that say where its records go."""

    @model_validator(mode="after")
    def _check_s3(self) -> Self:
        if self.encoding:
            raise ValueError("encoding: encoding extensions are not available; use `marshaler`")
        if self.s3uploader.compression == "gzip" and self.marshaler == "sumo_ic":
            raise ValueError("marshaler does not support compression")
        return self

    def carries(self, signal: str) -> str:
        """See `CarriesSignals`."""
        return (
            ""
            if self.marshaler.startswith("otlp_")
            else f"{signal} can't be marshaled into {FORMATS[self.marshaler]} format"
        )

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.s3uploader.address(self.s3uploader.s3_bucket))

    @property
    def role(self) -> AssumeRole:
        """To take on."""
        return AssumeRole(arn=self.s3uploader.role_arn)

    @property
    def tls(self) -> TlsClientConfig:
        """Whom to trust."""
        return self.client.tls

    @property
    def client(self) -> HttpClientConfig:
        """What sends; objects are compressed before."""
        more: dict[str, Any] = {"compression": "none"}
        return HttpClientConfig(endpoint=self.s3uploader.server, **more)
