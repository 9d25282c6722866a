"""What each detector finds, and whether it is set unless the options say otherwise: the OpenTelemetry Collector's tables."""

from __future__ import annotations

_AWS = "cloud.provider cloud.platform cloud.account.id cloud.region cloud.availability_zone"
_SET = {
    "env": "",
    "system": "host.name os.type",
    "docker": "host.name os.type",
    "heroku": "cloud.provider heroku.app.id heroku.dyno.id heroku.release.commit heroku.release.creation_timestamp service.instance.id "
    "service.name service.version",
    "ec2": f"{_AWS} host.id host.image.id host.name host.type",
    "ecs": f"{_AWS} aws.ecs.cluster.arn aws.ecs.launchtype aws.ecs.task.arn aws.ecs.task.family aws.ecs.task.id "
    "aws.ecs.task.revision",
    "eks": "cloud.provider cloud.platform",
    "lambda": "cloud.provider cloud.platform cloud.region faas.name faas.version faas.instance faas.max_memory",
    "elastic_beanstalk": "cloud.provider cloud.platform deployment.environment service.instance.id service.version",
    "gcp": "cloud.provider cloud.platform cloud.account.id cloud.region cloud.availability_zone host.id host.name host.type "
    "k8s.cluster.name faas.name faas.version faas.instance",
    "azure": "cloud.provider cloud.platform cloud.account.id cloud.region host.id host.name azure.vm.name azure.vm.size "
    "azure.vm.scaleset.name azure.resourcegroup.name",
    "aks": "cloud.provider cloud.platform",
    "k8s_api": "k8s.node.name k8s.node.uid",
    "openshift": "cloud.provider cloud.platform cloud.region k8s.cluster.name",
}  # fmt: skip
_ON_REQUEST = {
    "system": "host.arch host.id host.ip host.mac os.description os.name os.version os.build.id host.cpu.vendor.id host.cpu.family "
    "host.cpu.model.id host.cpu.model.name host.cpu.stepping host.cpu.cache.l2.size host.interface",
    "ecs": "aws.log.group.names aws.log.group.arns aws.log.stream.names aws.log.stream.arns",
    "eks": "cloud.account.id cloud.availability_zone cloud.region host.id host.image.id host.name host.type k8s.cluster.name",
    "lambda": "aws.log.group.names aws.log.stream.names",
    "gcp": "gcp.gce.instance.hostname gcp.gce.instance.name gcp.cloud_run.job.execution gcp.cloud_run.job.task_index",
    "azure": "cloud.availability_zone",
    "aks": "k8s.cluster.name",
    "k8s_api": "k8s.cluster.uid",
    "docker": "container.image.name container.name",
}  # fmt: skip
_LISTS = frozenset(f"aws.log.{of}.{what}" for of in ("group", "stream") for what in ("names", "arns"))
UNSET = _LISTS | {
    "host.ip", "host.mac", "host.interface", "host.cpu.cache.l2.size", "container.image.name", "container.name",
    "gcp.cloud_run.job.execution", "gcp.cloud_run.job.task_index",
}  # fmt: skip
"""Attributes that may be asked for and are not set here: lists, and what nothing here looks up."""
DETECTORS = frozenset(_SET)


def known(detector: str) -> dict[str, bool]:
    """Attribute → whether it is set by default; `env` sets whatever it is given."""
    named = dict.fromkeys(_ON_REQUEST.get(detector, "").split(), False)
    return dict.fromkeys(_SET[detector].split(), True) | named
