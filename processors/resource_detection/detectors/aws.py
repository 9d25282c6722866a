"""Amazon's places: EC2, ECS, EKS, Lambda, Elastic Beanstalk, by their documented metadata."""

from __future__ import annotations

import re

from processors.resource_detection.config import DetectorConfig, Ec2Config, EksConfig
from processors.resource_detection.surroundings import Failed, Found, NotHere, Surroundings, parsed

_DOCUMENT = {
    "accountId": "cloud.account.id",
    "region": "cloud.region",
    "availabilityZone": "cloud.availability_zone",
    "instanceId": "host.id",
    "imageId": "host.image.id",
    "instanceType": "host.type",
}
_VALID_SECS = "60"
_BEANSTALK = "/var/elasticbeanstalk/xray/environment.conf"


def _of(platform: str) -> Found:
    return {"cloud.provider": "aws", "cloud.platform": platform}


def ec2(around: Surroundings, options: Ec2Config) -> Found:
    """An instance, by its metadata service (IMDSv2)."""
    metadata = _Metadata(around)
    found = _of("aws_ec2") | metadata.document()
    try:
        found["host.name"] = metadata.get("/latest/meta-data/hostname")
        found |= metadata.tags(options.tags)
    except NotHere:
        pass  # it has none, or tags are not allowed in metadata
    return found


class _Metadata:
    """The metadata service of an instance. It asks for a token first, as version 2 demands."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._base = around.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", around.link_local).rstrip("/")
        ttl = {"X-aws-ec2-metadata-token-ttl-seconds": _VALID_SECS}
        self._headers = {"X-aws-ec2-metadata-token": around.ask(f"{self._base}/latest/api/token", ttl, "PUT")}

    def get(self, path: str) -> str:
        """One value."""
        return self._around.ask(f"{self._base}{path}", self._headers)

    def document(self) -> Found:
        """What the identity document says."""
        document = parsed(self.get("/latest/dynamic/instance-identity/document"))
        return {key: document[name] for name, key in _DOCUMENT.items() if document.get(name)}

    def tags(self, patterns: list[str]) -> Found:
        """Tags whose names match."""
        if not patterns:
            return {}
        names = self.get("/latest/meta-data/tags/instance").split()
        wanted = [name for name in names if any(re.search(pattern, name) for pattern in patterns)]
        return {f"ec2.tag.{name}": self.get(f"/latest/meta-data/tags/instance/{name}") for name in wanted}


def ecs(around: Surroundings, _: DetectorConfig) -> Found:
    """A task, by the endpoint that its containers are told."""
    base = around.environ.get("ECS_CONTAINER_METADATA_URI_V4") or around.environ.get("ECS_CONTAINER_METADATA_URI")
    if not base:
        raise NotHere("ECS_CONTAINER_METADATA_URI_V4 is not set")
    task = parsed(around.ask(f"{base.rstrip('/')}/task"))
    arn, cluster = str(task.get("TaskARN", "")), str(task.get("Cluster", ""))
    parts = arn.split(":")
    if len(parts) < 6:
        raise Failed(f'the task\'s name "{arn}" is no ARN')
    region, account = parts[3], parts[4]
    found = _of("aws_ecs") | {
        "cloud.region": region,
        "cloud.account.id": account,
        "cloud.availability_zone": task.get("AvailabilityZone", ""),
        "aws.ecs.task.arn": arn,
        "aws.ecs.task.id": arn.rpartition("/")[2],
        "aws.ecs.task.family": task.get("Family", ""),
        "aws.ecs.task.revision": task.get("Revision", ""),
        "aws.ecs.launchtype": str(task.get("LaunchType", "")).lower(),
        "aws.ecs.cluster.arn": cluster
        if cluster.startswith("arn:")
        else f"{':'.join(parts[:5])}:cluster/{cluster}"
        if cluster
        else "",
    }
    return {key: value for key, value in found.items() if value != ""}


def eks(around: Surroundings, options: EksConfig) -> Found:
    """A cluster, by the version of its API server; what belongs to the node comes from the instance."""
    version = str(around.ask_kubernetes("/version").get("gitVersion", ""))
    if "-eks-" not in version:
        raise NotHere(f"the version of Kubernetes is {version}")
    found = _of("aws_eks")
    if options.sets() - found.keys():
        found |= _node(around)
    return found


def _node(around: Surroundings) -> Found:
    metadata = _Metadata(around)
    found = metadata.document()
    try:
        found["host.name"] = metadata.get("/latest/meta-data/hostname")
        found["k8s.cluster.name"] = metadata.get("/latest/meta-data/tags/instance/eks:cluster-name")
    except NotHere:
        pass
    return found


def function(around: Surroundings, _: DetectorConfig) -> Found:
    """A function of Lambda, by its variables."""
    if not around.environ.get("AWS_LAMBDA_FUNCTION_NAME"):
        raise NotHere("AWS_LAMBDA_FUNCTION_NAME is not set")
    said = {
        "cloud.region": around.environ.get("AWS_REGION", ""),
        "faas.name": around.environ["AWS_LAMBDA_FUNCTION_NAME"],
        "faas.version": around.environ.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
        "faas.instance": around.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", ""),
    }
    found = _of("aws_lambda") | {key: value for key, value in said.items() if value}
    memory = around.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    return found | ({"faas.max_memory": int(memory) << 20} if memory.isdecimal() else {})


def elastic_beanstalk(around: Surroundings, _: DetectorConfig) -> Found:
    """An environment, by the file that its agent writes."""
    text = around.file(_BEANSTALK)
    if not text:
        raise NotHere(f"there is no {_BEANSTALK}")
    said = parsed(text)
    found = {
        "deployment.environment": said.get("environment_name"),
        "service.instance.id": said.get("deployment_id") and str(said["deployment_id"]),
        "service.version": said.get("version_label"),
    }
    return _of("aws_elastic_beanstalk") | {key: str(value) for key, value in found.items() if value}
