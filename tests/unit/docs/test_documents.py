"""What the documents say is true: links lead somewhere, commands exist, configurations load."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from collector.cli import COMMANDS
from collector.component import Kind
from collector.registry import default_registry
from collector.settings import load

ROOT = Path(__file__).parents[3]
SKIPPED = {".venv", "node_modules", "build", "logboom-data"}
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not SKIPPED & set(path.relative_to(ROOT).parts))
ENVIRONMENT = {
    "CLOUDFLARE_ACCOUNT_ID": "a" * 32, "CLOUDFLARE_API_TOKEN": "token", "CLOUDFLARE_D1_DATABASE_ID": "b" * 32,
    "CLOUDFLARE_KV_NAMESPACE_ID": "c" * 32, "ELASTICSEARCH_ENDPOINT": "http://127.0.0.1:9200", "ELASTICSEARCH_API_KEY": "key", "KAFKA_BROKERS": "k1:9093,k2:9093", "KAFKA_PASSWORD": "key",
    "SPLUNK_HEC_ENDPOINT": "https://splunk.example:8088/services/collector", "SPLUNK_HEC_TOKEN": "token",
    "SYSLOG_HOST": "siem.example", "REDACT_KEY": "k" * 32, "LOGBOOM_TOKEN": "token",
}  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link names a file of the repository."""
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in local if not (document.parent / target).exists()] == []


def test_the_readme_names_every_command_and_component() -> None:
    """A command or component that the README does not mention does not exist for a newcomer."""
    text = (ROOT / "README.md").read_text()
    assert [name for name in COMMANDS if f"`{name}`" not in text] == []
    registry = default_registry()
    factories = [factory for kind in Kind for factory in registry.factories(kind)]
    folders = {factory.config.__module__.rpartition(".")[0].replace(".", "/"): factory.name for factory in factories}
    assert sorted(folder for folder, name in folders.items() if f"[{name}]({folder}/README.md)" not in text) == []


@pytest.mark.parametrize("config", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_configurations_load(config: Path) -> None:
    """Each file in config/ is right as it stands."""
    load([str(config)], environ=ENVIRONMENT)


def blocks(language: str) -> list[tuple[Path, str]]:
    """(document, text) of every fenced block."""
    found = []
    for document in DOCUMENTS:
        found += [(document, text) for text in re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)]
    return found


@pytest.mark.parametrize(("document", "text"), blocks("yaml"))
def test_yaml_examples_are_yaml(document: Path, text: str) -> None:
    """Examples can be pasted: they parse, and name only sections or options that are mappings."""
    assert isinstance(yaml.safe_load(text), dict | list), document


def logboom_commands() -> list[str]:
    """Every `logboom …` line of the shell blocks."""
    lines = [line for _, text in blocks("sh") for line in text.replace("\\\n", " ").splitlines()]
    return sorted({line.split("#")[0].strip() for line in lines if re.match(r"^\S*logboom ", line)})


@pytest.mark.parametrize("command", logboom_commands())
def test_shell_examples_name_real_options(command: str) -> None:
    """The subcommand exists and knows every option that the example uses."""
    words = shlex.split(command)
    assert words[1] in COMMANDS
    nested = [
        word
        for word in words[2:3]
        if re.fullmatch(
            r"list|show|replay|delete|create|rotate|revoke|check|verify|prune|erase|export|status|reshard", word
        )
    ]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "collector.cli", words[1], *nested, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    options = [word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    assert [
        option for option in options if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", done.stdout)
    ] == []


def test_each_decision_stands_in_the_index_and_is_short() -> None:
    """DECISIONS.md: by room, on top; an entry has fifteen lines at most."""
    index, *entries = (ROOT / "DECISIONS.md").read_text().split("\n## ")
    headings = [entry.split("\n", 1)[0] for entry in entries]
    assert [heading for heading in headings if f"[{heading}](#" not in index] == []
    assert [entry.split("\n", 1)[0] for entry in entries if len(entry.strip().split("\n")) > 16] == []
