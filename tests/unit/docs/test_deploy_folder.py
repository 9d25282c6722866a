"""deploy/cloudflare fits the repository and itself: image, Worker's configuration, logboom's, and the README that explains them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from dockerfile_parse import DockerfileParser

from collector.settings import load

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy" / "cloudflare"
DOMAIN = "tamyla.com"


@pytest.fixture(scope="module")
def stages() -> list[list[tuple[str, str]]]:
    """The instructions and their values, for each stage."""
    found: list[list[tuple[str, str]]] = []
    for one in DockerfileParser(str(DEPLOY / "Dockerfile")).structure:
        if one["instruction"] == "FROM":
            found.append([])
        if found:
            found[-1].append((one["instruction"], one["value"]))
    return found


@pytest.fixture(scope="module")
def wrangler() -> dict[str, Any]:
    """wrangler.jsonc without its comments."""
    text = (DEPLOY / "wrangler.jsonc").read_text()
    parsed: dict[str, Any] = json.loads(re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*', lambda found: found[1] or "", text))
    return parsed


def values(stage: list[tuple[str, str]], instruction: str) -> list[str]:
    return [value for name, value in stage if name == instruction]


def copied(stages: list[list[tuple[str, str]]]) -> list[str]:
    """Everything that is copied out of the repository."""
    lines = [value.split() for stage in stages for value in values(stage, "COPY")]
    return [word for words in lines if not words[0].startswith("--") for word in words[:-1]]


def test_the_image_has_no_lint() -> None:
    """hadolint, with every rule on."""
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, "--no-color", DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_base_is_pinned_slim_and_supported(stages) -> None:
    """To the patch release, in both stages the same, a Python that the project supports."""
    (base,) = {values(stage, "FROM")[0].split()[0] for stage in stages}
    release = re.fullmatch(r"python:(\d+)\.(\d+)\.\d+-slim-\w+", base)
    assert release
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert (int(release[1]), int(release[2])) >= tuple(map(int, wanted.removeprefix(">=").split(".")))


def test_it_does_not_run_as_root_and_writes_to_one_folder(stages) -> None:
    """The user of the process is the owner of the only folder that is made for it; data lies below that."""
    run = stages[-1]
    (user,) = values(run, "USER")
    (folder,) = values(run, "WORKDIR")
    made = next(value for value in values(run, "RUN") if "useradd" in value)
    assert f"--uid {user} " in made
    assert made.endswith(f"--mode 0700 {folder}")
    arguments = json.loads(values(run, "CMD")[0])
    assert arguments[arguments.index("--data-dir") + 1].startswith(f"{folder}/")


@pytest.mark.slow
def test_what_is_copied_exists_and_is_enough_for_the_wheel(stages, tmp_path) -> None:
    """The wheel of the copied files alone has the same modules as the tree; .dockerignore lets just these through."""
    names = copied(stages)
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(names) == sorted(allowed)
    source = tmp_path / "source"
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--disable-pip-version-check", "--wheel-dir"]
    subprocess.run([*command, str(tmp_path), str(source)], check=True)
    (wheel,) = tmp_path.glob("logboom-*.whl")  # the name that the second stage installs
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if name.endswith(".py")}
        assert "collector/cli/logboom.yaml" in archive.namelist()
    roots = {"collector": ROOT, "exporters": ROOT, "processors": ROOT, "otlp_wire": ROOT / "proto"}
    tree = {str(path.relative_to(base)) for root, base in roots.items() for path in (base / root).rglob("*.py")}
    assert shipped == tree


def test_the_command_exists_and_its_configuration_is_copied(stages) -> None:
    """`logboom run` with options that it has, and a configuration that a COPY put there."""
    run = stages[-1]
    (entry,) = json.loads(values(run, "ENTRYPOINT")[0])
    assert entry in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    command, *arguments = json.loads(values(run, "CMD")[0])
    asked = [sys.executable, "-P", "-m", "collector.cli", command, "--help"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert all(option in told for option in arguments[::2])
    copies = [value.split() for value in values(run, "COPY")]
    assert arguments[arguments.index("--config") + 1] in {target for *_, target in copies}


def test_ports_are_the_same_everywhere(stages) -> None:
    """Image, health check, Worker and configuration agree."""
    settings = load([str(DEPLOY / "logboom.yaml")], environ={"LOGBOOM_DOMAIN": DOMAIN})
    exposed = set(map(int, values(stages[-1], "EXPOSE")[0].split()))
    worker = re.search(r"PORTS = \{ (.*) \}", (DEPLOY / "src" / "collector.ts").read_text())
    assert worker
    named = {name: int(port) for name, port in re.findall(r"(\w+): (\d+)", worker[1])}
    text = (DEPLOY / "logboom.yaml").read_text()
    listening = set(map(int, re.findall(r"(?:0\.0\.0\.0:|port: )(\d+)", text)))
    assert exposed == set(named.values()) == listening
    assert f":{named['health']}/ready" in values(stages[-1], "HEALTHCHECK")[0]
    assert settings.service.domains.names == [DOMAIN]
    assert settings.service.domains.default is None


def test_configuration_and_bindings_agree(wrangler) -> None:
    """Databases and namespaces that logboom.yaml names are bound; every host that is routed belongs to a domain; every
    domain has a container, twice while a rollout goes on."""
    settings = load([str(DEPLOY / "logboom.yaml")], environ={"LOGBOOM_DOMAIN": DOMAIN})
    exporters = {name: exporter.config for name, exporter in settings.exporters.items()}
    assert exporters["d1"].database_id in {one["binding"] for one in wrangler["d1_databases"]}
    assert exporters["kv"].namespace_id in {one["binding"] for one in wrangler["kv_namespaces"]}
    domains = wrangler["vars"]["DOMAINS"]
    hosts = [route["pattern"].partition("/")[0] for route in wrangler["routes"]]
    assert len(hosts) > 1
    assert all(any(host == domain or host.endswith(f".{domain}") for domain in domains) for host in hosts)
    (container,) = wrangler["containers"]
    assert container["max_instances"] >= 2 * len(domains)
    assert (DEPLOY / container["image"]).resolve() == DEPLOY / "Dockerfile"
    assert (DEPLOY / container["image_build_context"]).resolve() == ROOT


def test_no_secret_and_no_token_is_in_the_folder() -> None:
    """No exporter has a credential, and nothing in the folder asks for an API token."""
    settings = load([str(DEPLOY / "logboom.yaml")], environ={"LOGBOOM_DOMAIN": DOMAIN})
    assert [e.config.api_token.get_secret_value() for e in settings.exporters.values()] == ["", ""]
    texts = [path.read_text() for path in DEPLOY.rglob("*") if path.is_file() and "node_modules" not in path.parts]
    assert not [text for text in texts if "CLOUDFLARE_API_TOKEN" in text]


def test_versions_are_pinned() -> None:
    """npm packages to the release, and a lock that names no registry."""
    package = json.loads((DEPLOY / "package.json").read_text())
    pinned = {**package["dependencies"], **package["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned.values())
    lock = json.loads((DEPLOY / "package-lock.json").read_text())["packages"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in pinned} == pinned
    assert not [name for name, one in lock.items() if "resolved" in one]


def test_it_fits_the_instance_type() -> None:
    """Journal and ledger are laid out in full at the start, a quarter over their budgets: half of the 4 GB of `basic` at
    most. What SIGTERM waits for ends before SIGKILL comes."""
    service = load([str(DEPLOY / "logboom.yaml")], environ={"LOGBOOM_DOMAIN": DOMAIN}).service
    journals = service.journal.max_bytes * service.processes.ingest
    assert 1.25 * (journals + service.ledger.max_bytes * service.ledger.partitions) < 2e9
    assert service.processes.shutdown_timeout < 15 * 60
