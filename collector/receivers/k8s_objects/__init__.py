"""Objects of a Kubernetes cluster: all there is at an interval, or what changes."""

from collector.component import Factory, Kind
from collector.receivers.k8s_objects.config import K8sObjectsConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="k8s_objects",
    config=K8sObjectsConfig,
    behaviour="collector.receivers.k8s_objects.receiver:K8sObjectsReceiver",
    summary="takes objects of a Kubernetes cluster: all there is at an interval, or each change once",
    aliases=("k8sobjects",),
    local_reason="it reads a cluster with the rights of this machine, secrets as well",
    differs=(
        "how far a list was taken is kept in the journal, with its records: no storage is needed, and what changed while it was down is taken, too",
        "where the server has forgotten what was next (410), what changed since is taken as ADDED; the Collector goes on with what is new then",
        "a pull that a restart interrupts goes on with the next page, and the next one is due when it would have been",
        "a kind that the server does not have stops nothing: it is told, by error_mode, and asked for again",
        "exclude_namespaces is asked of each object, so namespaces that come later are left out, too",
        "auth_type: tls is refused; k8s_leader_elector elects nobody: run one replica",
    ),
)
