"""deploy/container fits the repository and itself: image, configurations, compose file. `make check-image` builds and runs it."""

from __future__ import annotations

import itertools
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
import yaml

from collector.settings import load
from counterparts.dockerfile import copied, lint, stages, values
from counterparts.go_programs import built

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "container"
STAGES = stages(DEPLOY / "Dockerfile")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ROOTS = {"collector": ROOT, "exporters": ROOT, "processors": ROOT, "otlp_wire": ROOT / "proto"}


def settings(*names: str):
    return load([str(DEPLOY / name) for name in names], environ={})


def test_the_image_has_no_lint() -> None:
    """hadolint, with every rule on."""
    assert lint(DEPLOY / "Dockerfile") == ""


def test_the_base_is_pinned_slim_and_supported() -> None:
    """To the patch release, in every stage the same, a Python that the project supports."""
    (base,) = {values(stage, "FROM")[0].split()[0] for stage in STAGES} - {"dependencies"}
    release = re.fullmatch(r"python:(\d+)\.(\d+)\.\d+-slim-\w+", base)
    assert release
    assert (int(release[1]), int(release[2])) >= tuple(
        map(int, PROJECT["requires-python"].removeprefix(">=").split("."))
    )


def test_dependencies_are_wheels_and_a_layer_of_their_own() -> None:
    """Made from pyproject.toml alone, so that a change of the code leaves it as it is; logboom itself is laid over it."""
    dependencies, application, last = STAGES
    assert copied([dependencies]) == ["pyproject.toml"]
    assert "--only-binary :all:" in values(dependencies, "RUN")[0]
    assert values(application, "FROM") == ["dependencies AS application"]
    layers = [value for value in values(last, "COPY") if value.startswith("--from")]
    assert layers == ["--from=dependencies /opt/logboom /opt/logboom", "--from=application /application /opt/logboom"]


def test_it_does_not_run_as_root_and_writes_to_one_folder() -> None:
    """The user of the process is the owner of the only folder that is made for it, which is the volume."""
    last = STAGES[-1]
    (user,), (folder,) = values(last, "USER"), values(last, "WORKDIR")
    (made,) = values(last, "RUN")
    assert f"--uid {user} " in made
    assert made.endswith(f"--mode 0700 {folder}")
    assert json.loads(values(last, "VOLUME")[0]) == [folder]
    arguments = json.loads(values(last, "CMD")[0])
    assert arguments[arguments.index("--data-dir") + 1].startswith(f"{folder}/")
    assert arguments[arguments.index("--config") + 1] in {value.split()[-1] for value in values(last, "COPY")}


def test_its_command_exists() -> None:
    """`logboom run`, with options that it has."""
    (entry,) = json.loads(values(STAGES[-1], "ENTRYPOINT")[0])
    assert entry in PROJECT["scripts"]
    command, *arguments = json.loads(values(STAGES[-1], "CMD")[0])
    asked = [sys.executable, "-P", "-m", "collector.cli", command, "--help"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert all(option in told for option in arguments[::2])


@pytest.mark.slow
def test_what_is_copied_is_enough_for_the_wheel(tmp_path: Path) -> None:
    """The wheel of the copied files alone has the same modules as the tree; the ignore file lets just these through."""
    names = copied(STAGES)
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert sorted(names) == sorted(line[1:] for line in ignore if line.startswith("!"))
    source = tmp_path / "source"
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--disable-pip-version-check", "--wheel-dir"]
    subprocess.run([*command, str(tmp_path), str(source)], check=True)
    (wheel,) = tmp_path.glob("logboom-*.whl")  # the name that the second stage installs
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if name.endswith(".py")}
    assert shipped == {
        str(path.relative_to(base)) for root, base in ROOTS.items() for path in (base / root).rglob("*.py")
    }


def test_ports_are_the_same_everywhere() -> None:
    """What is exposed listens for all, what listens is exposed, and the health check asks the right one."""
    exposed = set(map(int, values(STAGES[-1], "EXPOSE")[0].split()))
    listening = re.findall(r"0\.0\.0\.0(?::|, port: )(\d+)", (DEPLOY / "logboom.yaml").read_text())
    assert exposed == set(map(int, listening))
    health = settings("logboom.yaml").extensions["health_check"].config.endpoint.rpartition(":")[2]
    assert f":{health}/ready" in values(STAGES[-1], "HEALTHCHECK")[0]


def test_it_says_that_it_is_open() -> None:
    """One warning for each listener; nothing in the folder silences it."""
    warnings = settings("logboom.yaml").warnings
    assert [sentence.split(": ")[0] for sentence in warnings if "nothing checks who sends" in sentence] == [
        "receivers.otlp.protocols.grpc.endpoint",
        "receivers.otlp.protocols.http.endpoint",
    ]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """compose.yaml as the reference implementation of the Compose specification reads it."""
    command = [built("compose-spec"), "-no-interpolation", "-format", "json", "compose.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=DEPLOY)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_compose_mounts_what_exists_and_publishes_to_this_machine(project: dict[str, Any]) -> None:
    """Files beside it; volumes that it declares; ports that the image has, on loopback alone."""
    for service in project["services"].values():
        for mount in service.get("volumes", ()):
            known = (
                Path(mount["source"]).is_file() if mount["type"] == "bind" else mount["source"] in project["volumes"]
            )
            assert known, mount
        assert {port["host_ip"] for port in service.get("ports", ())} <= {"127.0.0.1"}
    published = {port["target"] for port in project["services"]["logboom"]["ports"]}
    assert published == set(map(int, values(STAGES[-1], "EXPOSE")[0].split()))


def test_compose_asks_for_a_password() -> None:
    """Grafana has none of ours: without one nothing starts."""
    done = subprocess.run(
        [built("compose-spec"), "compose.yaml"], capture_output=True, text=True, check=False, cwd=DEPLOY
    )
    assert done.returncode != 0
    assert "choose the password" in done.stderr


def test_compose_runs_the_image_as_it_is_meant(project: dict[str, Any]) -> None:
    """Read-only, without capabilities, with configurations that are mounted; it has longer to end than it asks for."""
    logboom = project["services"]["logboom"]
    assert (logboom["read_only"], logboom["cap_drop"]) == (True, ["ALL"])
    command = logboom["command"]
    named = [value for option, value in itertools.pairwise(command) if option == "--config"]
    assert [Path(name).name for name in named] == ["logboom.yaml", "opensearch.yaml"]
    assert named[1] in {mount["target"] for mount in logboom["volumes"]}
    assert (logboom["stop_grace_period"], settings("logboom.yaml").service.processes.shutdown_timeout) == ("1m", 30.0)


def test_grafana_reads_what_logboom_writes(project: dict[str, Any]) -> None:
    """The exporter's destination is the data source's, a service of the file, of the version that the tests run."""
    (source,) = yaml.safe_load((DEPLOY / "grafana.yaml").read_text())["datasources"]
    exporter = settings("logboom.yaml", "opensearch.yaml").exporters["elasticsearch"].config
    assert exporter.endpoint == source["url"] == "http://opensearch:9200"
    assert exporter.setup.enabled
    assert source["jsonData"]["database"] == "logs-*"
    release = source["jsonData"]["version"]
    assert project["services"]["opensearch"]["image"].endswith(f":{release}")
    assert f"<version>{release}.0</version>" in (ROOT / "tests/counterparts/opensearch/pom.xml").read_text()
