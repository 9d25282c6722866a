"""The options by which a component reaches the API server: the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from collector.component import Config
from collector.transport.http_client_config import check_url, leaves_in_the_clear
from collector.transport.kubernetes.api import Access, Reaching
from collector.transport.kubernetes.kubeconfig import KubeConfig


class ApiOptions(Config):
    """Whom to ask, and as whom."""

    auth_type: Literal["serviceAccount", "none", "kubeConfig", "tls"] = "serviceAccount"
    """How to speak with the API server: as the pod's service account, as nobody, or as `kubeConfig` says (the files of `$KUBECONFIG`, or
    `~/.kube/config`; no program of it is run). `tls` is refused."""
    context: str = ""
    """Which context of `kubeConfig`; left out: the current one."""
    kube_config_path: str = ""
    """Another file than those."""
    endpoint: str = ""
    """The API server; left out: that of the cluster in which this runs."""
    token_file: str = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105
    """The token of the service account; read anew for each request."""
    ca_file: str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    """The server's authority."""
    kube_api_qps: float = Field(0.0, ge=0)
    """Accepted; no effect: a list is asked for once, and then followed."""
    kube_api_burst: int = Field(0, ge=0)
    """Accepted; no effect."""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.auth_type == "tls":
            raise ValueError(
                "auth_type: tls is not supported: use serviceAccount, kubeConfig with a client certificate, or none with an endpoint"
            )
        if self.endpoint:
            check_url("endpoint", self.endpoint)
            if leaves_in_the_clear(self.endpoint) and self.auth_type != "none":
                raise ValueError("the token would travel over http:// to another machine: use https://")
        return self

    def access(self) -> Reaching:
        """How it is reached."""
        if self.auth_type == "kubeConfig":
            return KubeConfig(self.kube_config_path, self.context)
        return Access(self.endpoint, self.token_file if self.auth_type == "serviceAccount" else "", self.ca_file)
