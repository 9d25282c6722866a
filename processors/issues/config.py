"""Options of `issues`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from collector.component import Config
from collector.levels import LEVELS
from processors.issues.grouping.rules import Rule, RuleError, parsed


class OwnerRule(Config):
    """Whose issues some are. All that is named must agree; `*` and `?` stand for any characters."""

    component: str = "*"
    """The component, such as `AuthValidator`."""
    service: str = "*"
    """The service."""
    environment: str = "*"
    """The environment."""
    type: str = "*"
    """The type of the exception."""
    title: str = "*"
    """The title."""
    team: str = ""
    """Who looks after them: shown as `team:NAME`."""
    user: str = ""
    """A person instead of a team: shown as `user:NAME`."""

    @model_validator(mode="after")
    def _one_owner(self) -> OwnerRule:
        if bool(self.team) == bool(self.user):
            raise ValueError("an owner is a team or a user: name one of them")
        return self

    @property
    def owner(self) -> str:
        """As it is shown."""
        return f"team:{self.team}" if self.team else f"user:{self.user}"


class IssuesConfig(Config):
    """Options of `issues`."""

    triage_levels: list[str] = Field(default=["critical", "warning"], min_length=1)
    """Records of these triage levels belong to issues."""
    frames: int = Field(default=3, ge=1, le=50)
    """How many of the program's own frames make an issue, from the innermost on. More tell callers of the same function apart."""
    fingerprints: list[str] = []
    """Rules as Sentry writes them: `type:DatabaseUnavailable -> database-down`, `message:"timeout of *" logger:shop.* -> {{ default }} {{ logger }}`.
    The first that matches decides; it yields to a fingerprint that the record brings itself."""
    in_app: list[str] = []
    """Frames that are the program's own, though they look like a library's: globs on module or file, such as `org.springframework.samples.*`."""
    not_in_app: list[str] = []
    """Frames of libraries, though they look like the program's own: `acme/kit/*`."""
    owners: list[OwnerRule] = []
    """Whose issues these are; the first rule that agrees decides, when an issue is made."""
    source_maps: Path | None = None
    """A directory with source maps of JavaScript, by release: `RELEASE/app.js.map`, or `app.js.map` for all."""
    max_issues: int = Field(default=10_000, ge=10)
    """Issues of a domain that are remembered. Above it the least telling tenth is forgotten; what is new within ten minutes of that is one issue."""

    @field_validator("triage_levels")
    @classmethod
    def _known(cls, levels: list[str]) -> list[str]:
        for level in levels:
            if level not in LEVELS:
                raise ValueError(f"there is no level {level!r}; there is {', '.join(LEVELS)}")
        return levels

    @field_validator("fingerprints")
    @classmethod
    def _readable(cls, lines: list[str]) -> list[str]:
        for line in lines:
            try:
                parsed(line)
            except RuleError as problem:
                raise ValueError(f"{line!r}: {problem}") from problem
        return lines

    def keeps_state(self) -> bool:
        """It does."""
        return True

    def rules(self) -> list[Rule]:
        """`fingerprints`, read."""
        return [parsed(line) for line in self.fingerprints]
