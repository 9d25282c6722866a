"""Google Cloud, by its metadata server."""

from __future__ import annotations

from processors.resource_detection.config import DetectorConfig
from processors.resource_detection.surroundings import Found, NotHere, Surroundings

_HEADERS = {"Metadata-Flavor": "Google"}


class _Metadata:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        host = around.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
        self._base = f"http://{host}/computeMetadata/v1"

    def get(self, path: str) -> str:
        """One value; empty when the server does not know it."""
        try:
            return self.must(path)
        except NotHere:
            return ""

    def must(self, path: str) -> str:
        """One value."""
        return self._around.ask(f"{self._base}{path}", _HEADERS).strip()

    def last(self, path: str) -> str:
        """The last part of a value such as `projects/1/zones/europe-west1-b`."""
        return self.get(path).rpartition("/")[2]


def gcp(around: Surroundings, _: DetectorConfig) -> Found:
    """What runs here: a function, a service of Cloud Run, a node of Kubernetes Engine, a machine."""
    metadata = _Metadata(around)
    found: Found = {"cloud.provider": "gcp", "cloud.account.id": metadata.must("/project/project-id")}
    found |= _function(around, metadata) or _cluster(metadata) or _machine(metadata)
    return {key: value for key, value in found.items() if value != ""}


def _function(around: Surroundings, metadata: _Metadata) -> Found:
    if not around.environ.get("K_SERVICE"):
        return {}
    platform = "gcp_cloud_functions" if around.environ.get("FUNCTION_TARGET") else "gcp_cloud_run"
    return {
        "cloud.platform": platform,
        "cloud.region": metadata.last("/instance/region"),
        "faas.name": around.environ["K_SERVICE"],
        "faas.version": around.environ.get("K_REVISION", ""),
        "faas.instance": metadata.get("/instance/id"),
    }


def _cluster(metadata: _Metadata) -> Found:
    name = metadata.get("/instance/attributes/cluster-name")
    if not name:
        return {}
    location = metadata.get("/instance/attributes/cluster-location")
    zonal = location.count("-") == 2  # europe-west1-b, not europe-west1
    place = {"cloud.availability_zone" if zonal else "cloud.region": location}
    return {
        "cloud.platform": "gcp_kubernetes_engine",
        "k8s.cluster.name": name,
        "host.id": metadata.get("/instance/id"),
        "host.name": metadata.get("/instance/name"),
        **place,
    }


def _machine(metadata: _Metadata) -> Found:
    zone = metadata.last("/instance/zone")
    name = metadata.get("/instance/name")
    return {
        "cloud.platform": "gcp_compute_engine",
        "cloud.availability_zone": zone,
        "cloud.region": zone.rpartition("-")[0],
        "host.id": metadata.get("/instance/id"),
        "host.name": name,
        "host.type": metadata.last("/instance/machine-type"),
        "gcp.gce.instance.name": name,
        "gcp.gce.instance.hostname": metadata.get("/instance/hostname"),
    }
