"""One function for each detector: (surroundings, its options) → what it finds.

Each raises `NotHere` where it is not the place that it is for, and `Failed` where the place did not say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from processors.resource_detection.detectors import aws, azure, containers, google, machine
from processors.resource_detection.surroundings import Found, Surroundings

DETECT: Mapping[str, Callable[[Surroundings, Any], Found]] = {
    "env": machine.env,
    "system": machine.system,
    "docker": containers.docker,
    "k8s_api": containers.k8s_api,
    "openshift": containers.openshift,
    "heroku": containers.heroku,
    "ec2": aws.ec2,
    "ecs": aws.ecs,
    "eks": aws.eks,
    "lambda": aws.function,
    "elastic_beanstalk": aws.elastic_beanstalk,
    "gcp": google.gcp,
    "azure": azure.azure,
    "aks": azure.aks,
}
