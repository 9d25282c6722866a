"""Options of the `chronicle` exporter."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from collector.delivery.config import DeliveryConfig, QueueConfig
from collector.documents.options import DocumentModel, DocumentOptions
from collector.transport.http_client_config import HttpClientConfig, check_no_user, leaves_in_the_clear, origin
from collector.units import ByteSize, Duration

Segment = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]*$")]
"""One segment of a URL's path, or empty."""

_CALL_BYTES = {"import": 4_000_000, "legacy": 1_000_000}
_LEAST_CALL_BYTES = 1024
_SCOPES = {
    "import": "https://www.googleapis.com/auth/cloud-platform",
    "legacy": "https://www.googleapis.com/auth/malachite-ingestion",
}


class ChronicleConfig(HttpClientConfig, DeliveryConfig, DocumentOptions):
    """An HTTP client, delivery, the instance, and what a log entry is."""

    own_credential: ClassVar[str] = "`credentials`"

    former_names = {"model": "format"}

    timeout: Duration = 30.0
    """Time for one attempt; 0 = no limit."""
    compression: Literal["gzip", "none", ""] = "gzip"
    """Of request bodies."""
    sending_queue: QueueConfig = QueueConfig(max_request_bytes=500_000)
    """Queue, batching and quota."""
    endpoint: str = ""
    """Instead of Google's own address: a proxy's URL."""
    api: Literal["import", "legacy"] = "import"
    """`import`: the Chronicle API (`logs:import`). `legacy`: the Ingestion API (`unstructuredlogentries:batchCreate`)."""
    api_version: Literal["v1alpha", "v1beta", "v1"] = "v1alpha"
    """Of the Chronicle API."""
    project: Segment = ""
    """Google Cloud project (`import`)."""
    location: str = Field("us", pattern=r"^[a-z0-9-]*$")
    """Region of the instance: `us`, `eu`, `europe-west2`, …; `legacy` calls its address without one for `us`."""
    instance: Segment = ""
    """Id of the instance (`import`)."""
    forwarder: Segment = ""
    """Id of the forwarder that entries count for (`import`)."""
    customer_id: Segment = ""
    """Id of the customer (`legacy`)."""
    log_type: Segment = Field(..., min_length=1)
    """How Google parses entries; it must fit `format`: a type with a parser of yours, or one that reads JSON, CEF or LEEF."""
    namespace: str = ""
    """Environment namespace."""
    labels: dict[str, str] = {}
    """Labels of every entry. `import` adds `domain` to those of each."""
    credentials_file: str = ""
    """Key file of the service account (JSON); read again for every token, so that keys can be changed."""
    credentials: SecretStr = SecretStr("")
    """The same as text; never shown."""
    format: DocumentModel = "json"
    """What an entry's text is."""
    max_call_bytes: ByteSize = Field(0, ge=0)
    """Bodies are never larger than this, uncompressed; 0 = 4 MB for `import`, 1 MB for `legacy`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        wanted = ("project", "instance", "location") if self.api == "import" else ("customer_id", "location")
        if missing := [name for name in wanted if not getattr(self, name)]:
            raise ValueError(f"api: {self.api} needs {', '.join(missing)}")
        if bool(self.credentials_file) == bool(self.credentials.get_secret_value()):
            raise ValueError("exactly one of [credentials_file, credentials] must be specified")
        check_no_user("endpoint", self.endpoint)
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("the token would travel over http:// to another machine: use https://")
        if 0 < self.max_call_bytes < _LEAST_CALL_BYTES:
            raise ValueError(f"max_call_bytes: at least {_LEAST_CALL_BYTES}, or 0")
        if self.max_call_bytes > _CALL_BYTES[self.api]:
            raise ValueError(f"max_call_bytes: api {self.api} takes {_CALL_BYTES[self.api]} at most")
        return self

    @property
    def most_bytes(self) -> int:
        """Of a body."""
        return self.max_call_bytes or _CALL_BYTES[self.api]

    @property
    def scope(self) -> str:
        """What the token is for."""
        return _SCOPES[self.api]

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.url)

    @property
    def url(self) -> str:
        """Where entries are posted to."""
        if self.api == "legacy":
            region = "" if self.location == "us" else f"{self.location}-"
            base = self.endpoint.rstrip("/") or f"https://{region}malachiteingestion-pa.googleapis.com"
            return f"{base}/v2/unstructuredlogentries:batchCreate"
        base = self.endpoint.rstrip("/") or f"https://chronicle.{self.location}.rep.googleapis.com"
        return f"{base}/{self.api_version}/{self.parent}/logTypes/{self.log_type}/logs:import"

    @property
    def parent(self) -> str:
        """The instance's resource name."""
        return f"projects/{self.project}/locations/{self.location}/instances/{self.instance}"
