"""Events of a Kubernetes cluster."""

from collector.component import Factory, Kind
from collector.receivers.k8s_events.config import K8sEventsConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="k8s_events",
    config=K8sEventsConfig,
    behaviour="collector.receivers.k8s_events.receiver:K8sEventsReceiver",
    summary="takes the events of a Kubernetes cluster, each once",
    differs=(
        "how far events were taken is kept in the journal, with them: no storage is needed, and what happened while it was down is taken, too",
        "events are told by resource version, not by time: one that came late is taken; what the API server removes after an hour is no record",
        "auth_type: tls is refused; k8s_leader_elector elects nobody: run one replica",
    ),
)
