"""Which objects are wanted, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import xxhash

from collector.ingress.written import Written

if TYPE_CHECKING:
    from collector.transport.kubernetes.discovery import Resource

_MOST_ID = 300
Maps = Callable[[str, dict[str, Any], "Resource"], Written | None]
"""What happened (`ADDED`, `MODIFIED`, `DELETED`; empty: it is there), to which object, of which kind → a record; None: none is made of it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One list.

    Args:
        name: of the kind: `pods`.
        group: empty: the core's, or the first that has it.
        namespace: empty: all.
        pull_secs: all there is, so often; 0: what changes.
        version: where to begin, at the first start; all there is as of that version, where it is pulled.
        left_out: kinds of changes that are no records.
        initial: at the first start all there is, before what changes.
        missing: what is said where the server has no such kind: `propagate`, `ignore`, `silent`.
    """

    name: str
    group: str = ""
    namespace: str = ""
    labels: str = ""
    fields: str = ""
    pull_secs: float = 0.0
    version: str = ""
    left_out: frozenset[str] = frozenset()
    other_namespaces: Sequence[re.Pattern[str]] = field(default=())
    initial: bool = False
    missing: str = "propagate"

    @property
    def shown(self) -> str:
        """For people."""
        what = f"{self.name}.{self.group}" if self.group else self.name
        return f"{what} in {self.namespace}" if self.namespace else what

    @property
    def id(self) -> bytes:
        """By which its place is known in the journal."""
        how = "pull" if self.pull_secs else "watch"
        parts = (how, self.group, self.name, self.namespace, self.labels, self.fields)
        key = "\0".join(parts).encode()
        return key if len(key) <= _MOST_ID else key[:_MOST_ID] + xxhash.xxh3_64_digest(key)

    def selectors(self) -> Mapping[str, str]:
        """As parameters of a request."""
        return {"labelSelector": self.labels, "fieldSelector": self.fields}

    def takes(self, found: Mapping[str, Any]) -> bool:
        """Whether it is in no namespace that is left out."""
        namespace = str(found["metadata"].get("namespace", ""))
        return not any(one.search(namespace) for one in self.other_namespaces)
