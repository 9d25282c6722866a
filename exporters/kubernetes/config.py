"""Options of the `kubernetes` exporter."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from collector.delivery.response_options import ResponseOptions
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin

_NAME = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
Workload = Annotated[
    str, Field(pattern=rf"^[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?/(deployment|statefulset|daemonset)/{_NAME}$")
]


class KubernetesConfig(HttpClientConfig, ResponseOptions):
    """An HTTP client, delivery, and the workloads that may be restarted."""

    endpoint: str = "https://kubernetes.default.svc"
    """The API server."""
    workloads: list[Workload] = Field(min_length=1)
    """`namespace/deployment/name` (or `statefulset`, `daemonset`): what may be restarted, and nothing else."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("the token would travel over http:// to another machine: use https://")
        return self

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.endpoint)
