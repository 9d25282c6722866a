"""Options of the `awscloudwatchlogs` exporter: those of the Collector's."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from collector.delivery.config import BatchConfig, DeliveryConfig, QueueConfig
from collector.delivery.routing_options import RoutingOptions
from collector.transport.aws.assume_role import AssumeRole
from collector.transport.aws.region import region_of_environment
from collector.transport.aws.signing import scope_of
from collector.transport.http_client_config import HttpClientConfig, check_url, origin
from collector.transport.tls import TlsClientConfig
from collector.units import ByteSize, Duration
from exporters.awscloudwatchlogs.names import ATTRIBUTES, placeholders

EVENTS = 10_000
"""What one call may hold."""
Retention = Literal[
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 2192, 2557, 2922, 3288, 3653,
]  # fmt: skip
_TAG = r"^[\w\s.:/=+\-@]*$"
TagName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_TAG)]
TagText = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=_TAG)]
_GROUP, _STREAM = re.compile(r"[\w./#{}-]{1,512}", re.ASCII), re.compile(r"[^:*]{1,512}")


def _known(name: str) -> str:
    for placeholder in placeholders(name):
        if placeholder not in ATTRIBUTES:
            raise ValueError(f"{{{placeholder}}} is none of {', '.join(f'{{{each}}}' for each in ATTRIBUTES)}")
    return name


def _group(name: str) -> str:
    if not _GROUP.fullmatch(name):
        raise ValueError("a log group has 1 to 512 of a-z, A-Z, 0-9, _ - / . #")
    return _known(name)


def _stream(name: str) -> str:
    if not _STREAM.fullmatch(name):
        raise ValueError("a log stream has 1 to 512 characters, and neither : nor *")
    return _known(name)


class CloudWatchBatchConfig(BatchConfig):
    """`sending_queue.batch`."""

    flush_timeout: Duration = 1.0
    """Send what there is after this time, even if it is less than `min_size`."""
    min_size: int = Field(EVENTS, ge=0)
    """Wait for this much."""
    max_size: int = Field(EVENTS, ge=1, le=EVENTS)
    """Cut requests at this size."""
    sizer: Literal["items"] = "items"
    """Sizes count records."""


class CloudWatchQueueConfig(QueueConfig):
    """`sending_queue`: a call holds 10,000 events and 1 MiB at most."""

    max_request_bytes: ByteSize = Field(700 << 10, ge=1024)
    """Cut requests near this (estimated) size; a call takes 1 MiB, and 26 bytes are counted for each event."""
    batch: CloudWatchBatchConfig = CloudWatchBatchConfig()
    """Wait for fuller requests."""


class AwsCloudWatchLogsConfig(RoutingOptions, DeliveryConfig):
    """Delivery, the account, and where events go."""

    timeout: Duration = 30.0
    """Time for one attempt; 0 = no limit."""
    sending_queue: CloudWatchQueueConfig = CloudWatchQueueConfig()
    """Queue, batching and quota."""
    log_group_name: Annotated[str, AfterValidator(_group)]
    """The log group, made where there is none. `{ClusterName}` and its kin stand for attributes of the resource."""
    log_stream_name: Annotated[str, AfterValidator(_stream)]
    """The log stream, made where there is none; with the same placeholders."""
    log_retention: Retention = 0
    """Days for which a log group that is made keeps its events; 0 = for ever."""
    tags: dict[TagName, TagText] | None = Field(None, min_length=1, max_length=50)
    """Tags of a log group that is made."""
    raw_log: bool = False
    """Events are the bodies alone. A body in the embedded metric format names its own log group and stream."""
    region: str = ""
    """The region; empty = `AWS_REGION`, or as `endpoint` says it."""
    endpoint: str = ""
    """Instead of the region's address: a host, or a URL."""
    role_arn: str = ""
    """A role to take on with the keys that are found."""
    external_id: str = ""
    """What the role's owner asks for besides."""
    proxy_address: str = ""
    """Proxy for all requests; empty = that of the environment."""
    no_verify_ssl: bool = False
    """Take any certificate."""
    certificate_file_path: str = ""
    """PEM file of the authorities that the server's certificate must come from; empty = the system's."""
    num_workers: int = 0
    """Accepted; see `sending_queue.num_consumers`."""
    request_timeout_seconds: int = 0
    """Accepted; see `timeout`."""
    max_retries: int = 0
    """Accepted; see `retry_on_failure`."""
    local_mode: bool = False
    """Accepted; nothing is looked up on this machine but keys."""
    resource_arn: str = ""
    """Accepted; no traces are sent."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_url("endpoint", self.url)
        if self.external_id and not self.role_arn:
            raise ValueError("external_id goes with role_arn")
        return self

    def deletes_by_itself(self) -> str:
        """For legal holds."""
        return f"log groups that it makes keep their events for {self.log_retention} days" if self.log_retention else ""

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.url)

    @property
    def place(self) -> str:
        """The region; empty where nothing says it."""
        said = scope_of(self.endpoint.rpartition("//")[2].partition("/")[0])
        return self.region or (said.region if said else "") or region_of_environment()

    @property
    def url(self) -> str:
        """Where calls go."""
        if self.endpoint:
            return self.endpoint if "://" in self.endpoint else f"https://{self.endpoint}"
        suffix = ".cn" if self.place.startswith("cn-") else ""
        return f"https://logs.{self.place or 'us-east-1'}.amazonaws.com{suffix}"

    @property
    def role(self) -> AssumeRole:
        """To take on."""
        return AssumeRole(arn=self.role_arn, external_id=self.external_id)

    @property
    def tls(self) -> TlsClientConfig:
        """Whom to trust."""
        return self.client.tls

    @property
    def client(self) -> HttpClientConfig:
        """What sends; bodies are not compressed."""
        tls = TlsClientConfig(ca_file=self.certificate_file_path, insecure_skip_verify=self.no_verify_ssl)
        return HttpClientConfig(endpoint=self.url, proxy_url=self.proxy_address, tls=tls)
