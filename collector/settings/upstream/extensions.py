"""Extensions of the OpenTelemetry Collector that no record passes: a file that has them runs, and is told that they do nothing here."""

from __future__ import annotations

ON_DISK = "every queue is on disk in any case"
"""What is said of storages."""
NOBODY_NAMES_IT = "no component that runs names it"
"""Of authenticators, encodings and the like."""
_FINDS = "it finds endpoints for receiver_creator"
_WITHOUT_EFFECT = {
    "pprof": "py-spy looks into a running process",
    "memory_ballast": "it was for Go's garbage collector, and was removed",
    "cgroupruntime": "it is for Go's scheduler and garbage collector",
    "http_forwarder": "it forwards HTTP requests of others, no records: a reverse proxy does that",
    "awsproxy": "it forwards requests of AWS X-Ray, no records",
    "jaegerremotesampling": "it tells SDKs how to sample traces",
    "solarwindsapmsettings": "it tells SDKs how to sample traces",
    "remotetap": "`logboom tail` shows what passes",
    "datadog": "it tells Datadog of the Collector's configuration, and sends no records",
    "memory_limiter": "the processor memory_limiter refuses requests while memory is short",
    "k8s_leader_elector": "it elects one of several that read the Kubernetes API",
    "host_observer": _FINDS,
    "docker_observer": _FINDS,
    "k8s_observer": _FINDS,
    "ecs_observer": _FINDS,
    "ecs_task_observer": _FINDS,
    "kafkatopics_observer": _FINDS,
    "cfgarden_observer": _FINDS,
    "db_storage": ON_DISK,
    "redis_storage": ON_DISK,
    "badger": ON_DISK,
    "pebble": ON_DISK,
}


def without_effect(type_name: str) -> str:
    """Why an extension of this type is accepted and does nothing; nothing for a type that could change what happens to a record."""
    return _WITHOUT_EFFECT.get(type_name, "")
