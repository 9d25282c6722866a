"""k8s_attributes: what Kubernetes knows of the pod that records come from becomes attributes of their resources."""

from collector.component import Factory, Kind
from processors.k8s_attributes.config import K8sAttributesConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="k8s_attributes",
    config=K8sAttributesConfig,
    behaviour="processors.k8s_attributes.processor:K8sAttributes",
    summary="sets what Kubernetes knows of a record's pod, its namespace and node",
    differs=(
        "wait_for_metadata makes the first records wait for as long, and then go on without",
        "names of deployments are looked up with each record, not when the pod was first seen",
        "auth_type: tls is refused",
    ),
)
