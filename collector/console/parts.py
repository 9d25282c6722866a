"""What handlers of requests are given: made once, when the console starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from starlette.requests import HTTPConnection

from collector.console.archives import Archives
from collector.console.commanding import Commands
from collector.console.explainer import Explainer
from collector.console.login.logins import Logins
from collector.console.masking import Masks
from collector.console.reads import Reads
from collector.console.service_state import LastState
from collector.console.stores import Stores
from collector.console.visitor import Visitor
from collector.control.reporter import Reporter
from collector.extensions.console.config import ConsoleConfig
from collector.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """Of one console.

    Args:
        root: the data directory.
        stores: None: no pipeline has an exporter whose store can be read.
        store_id: id of that exporter.
        reporter: tells what people did as events of the service; None: nobody listens.
        logins: None: nobody is asked who they are.
        reads: takes down who reads records; None: nobody wants to know.
        archives: where records are that the store holds no more; None: nowhere.
    """

    options: ConsoleConfig
    settings: Settings
    root: Path
    stores: Stores | None
    store_id: str
    state: LastState
    commands: Commands
    explainer: Explainer = field(default_factory=Explainer)
    reporter: Reporter | None = None
    logins: Logins | None = None
    reads: Reads | None = None
    archives: Archives | None = None

    @property
    def masks(self) -> Masks | None:
        """What is hidden of records; None: nothing."""
        return self.stores.masks if self.stores is not None else None


def parts(request: HTTPConnection) -> Parts:
    """Of the application that a request came to."""
    return cast("Parts", request.app.state.parts)


def visitor(request: HTTPConnection) -> Visitor:
    """Who asks; `security` found out before any handler was called."""
    return cast("Visitor", request.state.visitor)


def form_token(request: HTTPConnection) -> str:
    """What forms of this visitor's pages carry; empty where there is no session."""
    return str(getattr(request.state, "form_token", ""))
