"""Whose records a reader may see. Every read path takes a `Scope`, and has no default: who reads must say for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """Domains by their exact names; None: all, for whoever has the machine. No domains: nothing.

    Names are compared as they are: one that looks alike, or is written otherwise, is another domain.
    """

    domains: frozenset[str] | None

    @classmethod
    def everything(cls) -> Scope:
        """Of who runs this logboom."""
        return _EVERYTHING

    @classmethod
    def of(cls, *domains: str) -> Scope:
        """Of who reads for these domains."""
        return cls(frozenset(domains))

    @classmethod
    def chosen(cls, domain: str | None) -> Scope:
        """A domain, or everything where none was named."""
        return cls.everything() if domain is None else cls.of(domain)

    def __contains__(self, domain: str) -> bool:
        return self.domains is None or domain in self.domains

    def holds(self, domains: Iterable[str]) -> bool:
        """Whether all of them are within it."""
        return all(domain in self for domain in domains)

    @property
    def is_everything(self) -> bool:
        """Nothing is left out."""
        return self.domains is None

    def sorted(self) -> list[str]:
        """The domains, where it is not everything."""
        return sorted(self.domains or ())


_EVERYTHING = Scope(None)
