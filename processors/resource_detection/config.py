"""Options of `resource_detection`: the OpenTelemetry Collector's."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator

from collector.component import Config
from collector.units import Duration
from processors.resource_detection.attributes import DETECTORS, known

Detector = Literal[
    "env", "system", "docker", "heroku", "ec2", "ecs", "eks", "lambda", "elastic_beanstalk", "gcp", "gce", "gke", "azure", "aks", "k8s_api",
    "k8snode", "k8s_node", "openshift",
]  # fmt: skip


def _compiles(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


Pattern = Annotated[str, AfterValidator(_compiles)]
_OTHER_NAMES = {"gce": "gcp", "gke": "gcp", "k8s_node": "k8s_api", "k8snode": "k8s_api"}
_ELSEWHERE = "akamai alibaba_ecs consul digitalocean dynatrace hetzner ibmcloud kubeadm nova oraclecloud scaleway tencent_cvm upcloud vultr"


class Chosen(Config):
    """Whether an attribute is set."""

    enabled: bool
    """Set it, if it is found."""


class DetectorConfig(Config):
    """Options that each detector has."""

    detector: ClassVar[str] = ""

    resource_attributes: dict[str, Chosen] = {}
    """Attribute → `enabled`: set it or not; the others as by default."""

    @field_validator("resource_attributes")
    @classmethod
    def _are_known(cls, value: dict[str, Chosen]) -> dict[str, Chosen]:
        strange = sorted(value.keys() - known(cls.detector))
        if strange:
            raise ValueError(
                f"{strange[0]} is no attribute of this detector; known are {', '.join(known(cls.detector))}"
            )
        return value

    def sets(self) -> set[str]:
        """The attributes that are to be set."""
        said = {key: chosen.enabled for key, chosen in self.resource_attributes.items()}
        return {key for key, enabled in (known(self.detector) | said).items() if enabled}


class SystemConfig(DetectorConfig):
    """The machine."""

    detector = "system"

    hostname_sources: list[Literal["dns", "os", "cname", "lookup"]] = Field(["dns", "os"], min_length=1)
    """Where its name comes from; the first that has one."""


class Ec2Config(DetectorConfig):
    """Amazon EC2."""

    detector = "ec2"

    tags: list[Pattern] = []
    """Expressions: tags whose names match become `ec2.tag.<name>`. They come from the instance's metadata, where tags must be allowed."""
    max_attempts: int = Field(3, ge=0)
    """Accepted; `retry` says how often a detector is tried."""
    max_backoff: Duration = 20.0
    """Accepted; `retry` says how often a detector is tried."""
    fail_on_missing_metadata: bool = False
    """Tell each time that it fails, and try again as `retry` says, also where nobody answers at all."""


class EksConfig(DetectorConfig):
    """Amazon EKS."""

    detector = "eks"

    node_from_env_var: str = ""
    """Accepted; the instance's metadata is asked."""


class AzureConfig(DetectorConfig):
    """A virtual machine of Azure."""

    detector = "azure"

    tags: list[Pattern] = []
    """Expressions: tags whose names match become `azure.tag.<name>`."""


class K8sApiConfig(DetectorConfig):
    """The node and the cluster, by the API of Kubernetes."""

    detector = "k8s_api"

    node_from_env_var: str = "K8S_NODE_NAME"
    """The variable that has the node's name."""
    auth_type: Literal["serviceAccount", "none"] = "serviceAccount"
    """How the API is asked: with the pod's service account, or without a credential over HTTP."""


class DockerConfig(DetectorConfig):
    """The Docker Engine on whose socket this looks."""

    detector = "docker"


class HerokuConfig(DetectorConfig):
    """A dyno of Heroku."""

    detector = "heroku"


class EcsConfig(DetectorConfig):
    """Amazon ECS."""

    detector = "ecs"


class LambdaConfig(DetectorConfig):
    """AWS Lambda."""

    detector = "lambda"


class ElasticBeanstalkConfig(DetectorConfig):
    """AWS Elastic Beanstalk."""

    detector = "elastic_beanstalk"


class GcpConfig(DetectorConfig):
    """Google Cloud: Compute Engine, Kubernetes Engine, Cloud Run, Cloud Functions."""

    detector = "gcp"


class AksConfig(DetectorConfig):
    """Azure Kubernetes Service."""

    detector = "aks"


class OpenShiftConfig(DetectorConfig):
    """A cluster of OpenShift."""

    detector = "openshift"


class RetryConfig(Config):
    """When a detector that failed is tried again, in the background."""

    initial_interval: Duration = Field(1.0, gt=0)
    """The first wait."""
    multiplier: float = Field(2.0, ge=1)
    """By what it grows."""
    max_interval: Duration = Field(30.0, gt=0)
    """The longest wait."""
    max_elapsed_time: Duration = Field(0.0, ge=0)
    """After so long it is given up; 0: never."""


class ResourceDetectionConfig(Config):
    """Which detectors run, and how what they find meets what a record says."""

    former_names = {"k8snode": "k8s_api"}

    detectors: list[Detector] = Field(["env"], min_length=1)
    """They are asked in this order; the first that finds an attribute decides it."""
    override: bool = True
    """What is detected replaces what the sender said of its resource; `false`: it fills gaps."""
    timeout: Duration = Field(5.0, gt=0)
    """How long the first records wait for all detectors; those that take longer are tried again in the background."""
    attributes: list[str] = []
    """Of earlier Collectors: only these attributes are set; empty: all."""
    fail_on_missing_metadata: bool = False
    """Tell each time that a detector fails, and try it again as `retry` says, also where nobody answers at all."""
    refresh_interval: Duration = Field(0.0, ge=0)
    """How often everything is detected anew, in the background; 0: once."""
    retry: RetryConfig = RetryConfig()
    """When a detector is tried again whose service answered with an error or not in time."""
    system: SystemConfig = SystemConfig()
    """Options of `system`."""
    docker: DockerConfig = DockerConfig()
    """Options of `docker`."""
    heroku: HerokuConfig = HerokuConfig()
    """Options of `heroku`."""
    ec2: Ec2Config = Ec2Config()
    """Options of `ec2`."""
    ecs: EcsConfig = EcsConfig()
    """Options of `ecs`."""
    eks: EksConfig = EksConfig()
    """Options of `eks`."""
    lambda_: LambdaConfig = Field(LambdaConfig(), alias="lambda")
    """Options of `lambda`."""
    elastic_beanstalk: ElasticBeanstalkConfig = ElasticBeanstalkConfig()
    """Options of `elastic_beanstalk`."""
    gcp: GcpConfig = GcpConfig()
    """Options of `gcp`."""
    azure: AzureConfig = AzureConfig()
    """Options of `azure`."""
    aks: AksConfig = AksConfig()
    """Options of `aks`."""
    k8s_api: K8sApiConfig = K8sApiConfig()
    """Options of `k8s_api`."""
    openshift: OpenShiftConfig = OpenShiftConfig()
    """Options of `openshift`."""

    @field_validator("detectors", mode="before")
    @classmethod
    def _are_here(cls, value: Any) -> Any:
        missing = [name for name in value if name in _ELSEWHERE.split()] if isinstance(value, list) else []
        if missing:
            raise ValueError(f"the detector {missing[0]} is not available; there are {', '.join(sorted(DETECTORS))}")
        return value

    def of(self, detector: str) -> DetectorConfig:
        """The options of a detector that `detectors` names."""
        named: dict[str, DetectorConfig] = {
            config.detector: config for _, config in self if isinstance(config, DetectorConfig)
        }
        return named.get(detector, DetectorConfig())

    def chosen(self) -> list[str]:
        """The detectors in their order, each once, under one name."""
        return list(dict.fromkeys(_OTHER_NAMES.get(name, name) for name in self.detectors))
