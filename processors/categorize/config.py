"""Options of `categorize`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from collector.component import Config


class CategorizeConfig(Config):
    """What is worked out, and house names for environments."""

    environment: bool = True
    """Set `deployment.environment.name`."""
    source_type: bool = True
    """Set `logboom.source_type`."""
    error_type: bool = True
    """Set `logboom.error_type`, and `exception.*` out of stack traces in the body."""
    component: bool = True
    """Set `logboom.component`."""
    endpoint: bool = True
    """Set `logboom.endpoint`."""
    severity: bool = True
    """Fill `severity_number` when the sender left it out."""
    parse_bodies: list[Literal["json", "logfmt"]] = []
    """Take bodies of these forms apart into attributes; attributes that were sent, of the record or its
    resource, win; the body stays. Such attributes never choose an index, a host or another place."""
    max_endpoints: int = Field(2000, ge=0)
    """Distinct endpoints of a domain; more become `{other}`. 0: no bound."""
    max_components: int = Field(1000, ge=0)
    """Distinct components of a domain; more become `{other}`. 0: no bound."""
    environments: dict[str, str] = {}
    """More names of environments, such as `blue: production`; compared in lower case."""

    def keeps_state(self) -> bool:
        """What was admitted is remembered where there is a bound."""
        return bool((self.endpoint and self.max_endpoints) or (self.component and self.max_components))
