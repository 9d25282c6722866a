"""Azure, by its instance metadata service."""

from __future__ import annotations

import re
from typing import Any

from processors.resource_detection.config import AzureConfig, DetectorConfig
from processors.resource_detection.surroundings import Found, NotHere, Surroundings, parsed

_PATH = "/metadata/instance/compute?api-version=2020-09-01&format=json"
_SAID = {
    "location": "cloud.region",
    "subscriptionId": "cloud.account.id",
    "vmId": "host.id",
    "vmSize": "azure.vm.size",
    "vmScaleSetName": "azure.vm.scaleset.name",
    "resourceGroupName": "azure.resourcegroup.name",
    "name": "azure.vm.name",
    "zone": "cloud.availability_zone",
}


def _compute(around: Surroundings) -> dict[str, Any]:
    said: dict[str, Any] = parsed(around.ask(f"{around.link_local}{_PATH}", {"Metadata": "true"}))
    return said


def azure(around: Surroundings, options: AzureConfig) -> Found:
    """A virtual machine."""
    said = _compute(around)
    found: Found = {key: said[name] for name, key in _SAID.items() if said.get(name)}
    found |= {"cloud.provider": "azure", "cloud.platform": "azure_vm"}
    if name := (said.get("osProfile") or {}).get("computerName") or said.get("name"):
        found["host.name"] = name
    for tag in said.get("tagsList") or []:
        if any(re.search(pattern, tag.get("name", "")) for pattern in options.tags):
            found[f"azure.tag.{tag['name']}"] = str(tag.get("value", ""))
    return found


def aks(around: Surroundings, _: DetectorConfig) -> Found:
    """A node of the managed Kubernetes: its resource group is `MC_<group>_<cluster>_<location>`."""
    if not around.environ.get("KUBERNETES_SERVICE_HOST"):
        raise NotHere("KUBERNETES_SERVICE_HOST is not set")
    found: Found = {"cloud.provider": "azure", "cloud.platform": "azure_aks"}
    group = str(_compute(around).get("resourceGroupName", ""))
    parts = group.split("_")  # names may hold underscores themselves: then the group names the cluster
    name = parts[2] if len(parts) == 4 and parts[0].upper() == "MC" else group
    return found | ({"k8s.cluster.name": name} if name else {})
