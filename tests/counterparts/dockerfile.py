"""What a Dockerfile says, stage by stage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dockerfile_parse import DockerfileParser

Stage = list[tuple[str, str]]
"""Instructions with their values, in order."""


def stages(dockerfile: Path) -> list[Stage]:
    """The instructions of each stage."""
    found: list[Stage] = []
    for one in DockerfileParser(str(dockerfile)).structure:
        if one["instruction"] == "FROM":
            found.append([])
        if found:
            found[-1].append((one["instruction"], one["value"]))
    return found


def values(stage: Stage, instruction: str) -> list[str]:
    """Everything that it says with one instruction."""
    return [value for name, value in stage if name == instruction]


def copied(of: list[Stage]) -> list[str]:
    """Everything that is copied out of the build context."""
    lines = [value.split() for stage in of for value in values(stage, "COPY")]
    return [word for words in lines if not words[0].startswith("--") for word in words[:-1]]


def lint(dockerfile: Path) -> str:
    """What hadolint has to say, with every rule on."""
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, "--no-color", dockerfile], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
