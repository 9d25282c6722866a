"""Options of the `googlecloud` exporter: those of the Collector's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from collector.component import Config
from collector.delivery.config import DeliveryConfig
from collector.delivery.routing_options import RoutingOptions
from collector.release import release
from collector.transport.auth import Auth
from collector.transport.google_credentials import lacking
from collector.transport.http_client_config import HttpClientConfig, check_url, leaves_in_the_clear, origin
from collector.transport.tls import TlsClientConfig
from collector.transport.user_agent import USER_AGENT
from collector.units import Duration


def _compiles(pattern: str) -> str:
    from collector.ottl.regex import problem_of  # loads polars: only where there is one

    if pattern and (problem := problem_of(pattern)):
        raise ValueError(f"not a regular expression of RE2: {problem}")
    return pattern


class ResourceFilter(Config):
    """An item of `resource_filters`: attributes whose name begins with `prefix` and holds a match of `regex`."""

    prefix: str = ""
    """What names begin with."""
    regex: Annotated[str, AfterValidator(_compiles)] = ""
    """What is found in names (RE2)."""


class ImpersonateConfig(Config):
    """`impersonate`."""

    target_principal: str = ""
    """The service account to act as; empty = nobody else."""
    subject: str = ""
    """The user to act as (domain-wide delegation)."""
    delegates: list[str] = []
    """Service accounts in between."""


class LogConfig(Config):
    """`log`."""

    default_log_name: str = Field("logboom", min_length=1)
    """The log of records without the attribute `gcp.log_name`."""
    resource_filters: list[ResourceFilter] = []
    """Attributes of the resource that meet one of these become labels."""
    service_resource_labels: bool = True
    """`service.name`, `service.namespace` and `service.instance.id` become labels."""
    error_reporting_type: bool = False
    """From ERROR on, entries are made for Error Reporting: a JSON payload with its `@type`."""
    endpoint: str = ""
    """Instead of Google's own address: `host:port`, or a URL."""
    compression: Literal["gzip", ""] = ""
    """Of request bodies."""
    universe_domain: str = Field("googleapis.com", pattern=r"^[A-Za-z0-9.-]+$")
    """Google's own address is `logging.<this>`."""
    use_insecure: bool = False
    """With `endpoint`: without TLS and without credentials."""
    grpc_pool_size: int = Field(0, ge=0)
    """Accepted; connections are as many as there are requests under way."""

    @property
    def open(self) -> bool:
        """Whether nobody is asked who sends."""
        return self.use_insecure and bool(self.endpoint)

    @property
    def base(self) -> str:
        """The server's URL."""
        if not self.endpoint:
            return f"https://logging.{self.universe_domain}"
        given = self.endpoint.rstrip("/")
        return given if "://" in given else f"{'http' if self.use_insecure else 'https'}://{given}"


class GoogleCloudConfig(RoutingOptions, DeliveryConfig):
    """Delivery, the project, and what an entry is made of."""

    timeout: Duration = 12.0
    """Time for one attempt; 0 = no limit."""
    project: str = ""
    """Of resources without the attribute `gcp.project.id`; empty = that of the credentials."""
    user_agent: str = ""
    """What requests say they are from; `{{version}}` is logboom's version."""
    auth: Auth | None = None
    """The extension that says who we are; absent: Google's application default credentials."""
    authenticator: str = ""
    """Accepted where it names `googleclientauth`, which is what happens anyway; another extension is named by `auth`."""
    impersonate: ImpersonateConfig = ImpersonateConfig()
    """Act as somebody else."""
    destination_project_quota: bool = False
    """Count requests for the quota of the project that they write to."""
    log: LogConfig = LogConfig()
    """Where to, and what an entry says."""
    metric: dict[str, Any] = {}
    """Accepted; only logs are sent."""
    trace: dict[str, Any] = {}
    """Accepted; only logs are sent."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_url("log.endpoint", self.log.base)
        if self.authenticator.partition("/")[0].strip() not in ("", "googleclientauth"):
            raise ValueError(f"authenticator: write auth: {{authenticator: {self.authenticator}}}")
        if not self.project and (self.log.open or self.auth):
            raise ValueError("needs `project`: nothing else names one without Google's own credentials")
        if self.auth and self.impersonate.target_principal:
            raise ValueError("impersonate goes with Google's own credentials: leave `auth` out")
        if not self.log.open and leaves_in_the_clear(self.log.base):
            raise ValueError("the token would travel over http:// to another machine: use https://")
        return self

    def cautions(self) -> Mapping[str, str]:
        """Where the library of Google's credentials is not there: `logboom run` stops then."""
        lack = "" if self.log.open or self.auth else lacking()
        return {"auth": f"{lack}; without it logboom does not start"} if lack else {}

    def named_authenticators(self) -> Sequence[str]:
        """The one that says who we are, where there is one."""
        return [self.auth.authenticator] if self.auth is not None else []

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.log.base)

    @property
    def url(self) -> str:
        """Where entries are posted to."""
        return f"{self.log.base}/v2/entries:write"

    @property
    def tls(self) -> TlsClientConfig:
        """Whom to trust: those whom this machine does."""
        return self.client.tls

    @property
    def agent(self) -> str:
        """What requests say they are from."""
        return self.user_agent.replace("{{version}}", release()) or USER_AGENT

    @property
    def client(self) -> HttpClientConfig:
        """What sends."""
        return HttpClientConfig(
            endpoint=self.log.base,
            compression=self.log.compression,
            auth=None if self.log.open else self.auth,
        )
