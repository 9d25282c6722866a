"""Docker, the node of Kubernetes, Heroku."""

from __future__ import annotations

from urllib.parse import quote

from processors.resource_detection.config import DetectorConfig, K8sApiConfig
from processors.resource_detection.surroundings import Found, NotHere, Surroundings, parsed

_CLUSTER = "k8s.cluster.uid"
_INFRASTRUCTURES = {
    "aws": ("aws", "region"),
    "azure": ("azure", "cloudName"),
    "gcp": ("gcp", "region"),
    "ibmcloud": ("ibm_cloud", "location"),
    "openstack": ("openstack", "cloudName"),
}
"""What OpenShift calls where it runs → the provider, and what it calls the region there."""
_PLATFORMS = {"gcp": "google_cloud"}
_HEROKU = {
    "HEROKU_DYNO_ID": "service.instance.id",
    "HEROKU_APP_ID": "heroku.app.id",
    "HEROKU_APP_NAME": "service.name",
    "HEROKU_RELEASE_VERSION": "service.version",
    "HEROKU_RELEASE_CREATED_AT": "heroku.release.creation_timestamp",
    "HEROKU_SLUG_COMMIT": "heroku.release.commit",
}


def docker(around: Surroundings, _: DetectorConfig) -> Found:
    """The host, as the Docker Engine knows it: by its socket, or where `DOCKER_HOST` says."""
    where = around.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    scheme, rest = where.split("://", 1) if "://" in where else ("unix", where)
    info = parsed(around.ask_socket(rest, "/info") if scheme == "unix" else around.ask(f"http://{rest}/info"))
    return {key: value for key, value in (("host.name", info.get("Name")), ("os.type", info.get("OSType"))) if value}


def k8s_api(around: Surroundings, options: K8sApiConfig) -> Found:
    """The node, by the name in a variable that the pod gets; the cluster, by its first namespace."""
    name = around.environ.get(options.node_from_env_var)
    if not name:
        raise NotHere(f"{options.node_from_env_var} is not set: the pod gets it from fieldRef spec.nodeName")
    wanted = {"/api/v1/nodes/" + quote(name): {"k8s.node.name": "name", "k8s.node.uid": "uid"}}
    if _CLUSTER in options.sets():
        wanted["/api/v1/namespaces/kube-system"] = {_CLUSTER: "uid"}
    found: Found = {}
    for path, keys in wanted.items():
        said = around.ask_kubernetes(path, anonymous=options.auth_type == "none").get("metadata") or {}
        found |= {key: said[field] for key, field in keys.items() if said.get(field)}
    return found


def openshift(around: Surroundings, _: DetectorConfig) -> Found:
    """The cluster, by what its API says of the infrastructure."""
    said = around.ask_kubernetes("/apis/config.openshift.io/v1/infrastructures/cluster").get("status") or {}
    status = said.get("platformStatus") or {}
    kind = str(status.get("type", "")).lower()
    provider, region = _INFRASTRUCTURES.get(kind, ("", ""))
    found = {
        "k8s.cluster.name": said.get("infrastructureName"),
        "cloud.provider": provider,
        "cloud.platform": provider and f"{_PLATFORMS.get(provider, provider)}_openshift",
        "cloud.region": region and (status.get(kind) or {}).get(region),
    }
    return {key: str(value) for key, value in found.items() if value}


def heroku(around: Surroundings, _: DetectorConfig) -> Found:
    """A dyno, by the variables of dyno metadata."""
    if not around.environ.get("HEROKU_DYNO_ID"):
        raise NotHere("HEROKU_DYNO_ID is not set")
    said: Found = {key: around.environ[name] for name, key in _HEROKU.items() if around.environ.get(name)}
    return {"cloud.provider": "heroku", **said}
