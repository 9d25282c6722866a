"""Extensions that components name: they are declared, they run, and they are good for what they are named for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from collector.component import Component, Config, Provides, Use
from collector.errors import Problem
from collector.settings.references import Reference
from collector.settings.suggest import among, hint, nearest
from collector.settings.upstream.extensions import ON_DISK


@dataclass(frozen=True, slots=True)
class NamedExtensions:
    """What there is to name.

    Args:
        running: ids in `service.extensions`.
        declared: ids under `extensions`.
        found: those of them whose options can be read.
        accepted: those of them that do nothing here, and why.
    """

    running: Collection[str]
    declared: Collection[str]
    found: Mapping[str, Component[Config]]
    accepted: Mapping[str, str]

    def check(self, name: str, use: Use, reference: Reference) -> Iterator[Problem]:
        """What is wrong with one that the component `name` names for `use`."""
        ident, shown = reference.id, reference.shown
        good = [other for other in self.found if use in self._uses(other)]
        if ident not in self.declared:
            message = f'{name}: references extension "{shown}" which is not configured'
            declare, near = "declare it under extensions and in service.extensions", nearest(ident, good)
            lines = hint(near, declare) if near else declare
            yield Problem(message, *reference.place, code="config/unknown-reference", hint=lines)
        elif (ident in self.found and ident not in good) or (ident in self.accepted and not self._stores(use, ident)):
            message = f'{name}: extension "{shown}" is not {use}'
            yield Problem(
                message, *reference.place, code="config/wrong-extension", hint=hint("", among("configured", good))
            )
        elif ident not in self.running:
            message = f'{name}: extension "{shown}" is configured but not in service::extensions'
            lines = "add it to service.extensions"
            yield Problem(message, *reference.place, code="config/unknown-reference", hint=lines)

    def _uses(self, ident: str) -> frozenset[Use]:
        config = self.found[ident].config
        return config.provides() if isinstance(config, Provides) else frozenset()

    def _stores(self, use: Use, ident: str) -> bool:
        """Queues are on disk whatever is named for them."""
        return use is Use.STORAGE and self.accepted[ident] == ON_DISK
