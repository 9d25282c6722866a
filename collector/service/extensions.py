"""The extensions of one process: made when a component asks for them, started before the components, ended after them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.component import (
    Component,
    Config,
    Context,
    CredentialChange,
    Extension,
    GoesStale,
    KnowsSecrets,
    MakesDomainsKnown,
    TellsOfCredentials,
)
from collector.domains.credential import Credential
from collector.errors import LogboomError

log = logging.getLogger("logboom.extensions")

RELOAD_SECS = 1.0


class Extensions(Mapping[str, Any]):
    """By id; asking for one makes it, without I/O, so a process has only those that its components need.

    Args:
        configured: `Settings.extensions`.
        root: the data directory.
    """

    def __init__(self, configured: Mapping[str, Component[Config]], root: Path) -> None:
        self._configured = configured
        self._root = root
        self._made: dict[str, Extension] = {}  # one that another needs stands before it
        self._failing: set[str] = set()
        self._making: set[str] = set()
        self._domains: frozenset[str] = frozenset()
        self._knowing: list[MakesDomainsKnown] = []
        self._telling: list[TellsOfCredentials] = []
        self._with_secrets: list[KnowsSecrets] = []
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __getitem__(self, ident: str) -> Any:
        if ident not in self._made:
            if ident in self._making:
                raise LogboomError(f"extensions {', '.join(sorted(self._making))} lean on each other in a circle")
            self._making.add(ident)
            component = self._configured[ident]
            context = Context(ident, self._root, extensions=self)
            self._made[ident] = component.factory.create(component.config, context)
            self._making.discard(ident)
        return self._made[ident]

    def __iter__(self) -> Iterator[str]:
        return iter(self._configured)

    def __len__(self) -> int:
        return len(self._configured)

    def start(self) -> None:
        """Start those that were asked for, and look after them from now on. Raises LogboomError: one of them can't."""
        for extension in self._made.values():
            extension.start()
        self._knowing = [each for each in self._made.values() if isinstance(each, MakesDomainsKnown)]
        self._telling = [each for each in self._made.values() if isinstance(each, TellsOfCredentials)]
        self._with_secrets = [each for each in self._made.values() if isinstance(each, KnowsSecrets)]
        if self._made:
            self._thread = threading.Thread(target=self._look_after, name="extensions", daemon=True)
            self._thread.start()

    def reload(self) -> None:
        """Let each look for what has changed on disk; one that fails stops nobody, and is told once."""
        for ident, extension in self._made.items():
            try:
                extension.reload()
            except Exception:
                if ident not in self._failing:
                    log.exception("%s: what has changed can't be taken over", ident)
                self._failing.add(ident)
            else:
                self._failing.discard(ident)

    def known_domains(self) -> frozenset[str]:
        """The domains that credentials were made for; the same object as long as they are the same."""
        if not self._knowing:
            return self._domains
        found = [one.known_domains() for one in self._knowing]
        if len(found) == 1:
            return found[0]
        together = frozenset().union(*found)
        if together != self._domains:
            self._domains = together
        return self._domains

    def changes(self) -> Sequence[CredentialChange]:
        """What happened to credentials since the last call."""
        return [change for each in self._telling for change in each.changes()]

    def ending(self) -> list[tuple[str, str, float]]:
        """(domain, credential, Unix time of its end) of those that end soon."""
        return [(*whose, at) for each in self._telling for whose, at in each.ending().items()]

    def holder(self) -> Callable[[str], Credential | None] | None:
        """Who tells whose live secret a text is; None where there are none to be told."""
        return self._holder if self._with_secrets else None

    def _holder(self, secret: str) -> Credential | None:
        found = (each.exposed(secret) for each in self._with_secrets)
        return next((credential for credential in found if credential is not None), None)

    def stale(self) -> dict[str, str]:
        """Extension and whom it can't ask → what that means."""
        made = [(ident, each) for ident, each in self._made.items() if isinstance(each, GoesStale)]
        return {f"{ident} {whom}": why for ident, each in made for whom, why in each.stale().items()}

    def shutdown(self) -> None:
        """End all, the last one first; safe twice and without `start`."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(RELOAD_SECS)
        for extension in reversed(self._made.values()):
            extension.shutdown()
        self._made.clear()

    def _look_after(self) -> None:
        while not self._ended.wait(RELOAD_SECS):
            self.reload()
