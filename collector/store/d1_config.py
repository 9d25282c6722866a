"""Which D1 database holds whose logs: the options that writing and reading share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collector.transport.cloudflare_config import CloudflareConfig

BY_NAME = "name:"
"""In front of the name of a database, where its id is not known."""


class D1StoreConfig(CloudflareConfig):
    """Cloudflare's account, and where rows are. `logboom query --store d1` reads the first configured exporter with these."""

    database_id: str = ""
    """The database of all domains that `databases` does not name."""
    databases: dict[str, str] = {}
    """Domain → database id."""
    database_name: str = ""
    """Instead of `database_id`: the name of the database, in which `{domain}` stands for the domain (dots as `-`)."""

    def place(self, domain: str) -> str:
        """Of a domain's rows: the id of a database, `name:` and its name, or empty: there is none."""
        if found := self.databases.get(domain):
            return found
        if not self.database_name:
            return self.database_id
        return BY_NAME + name_for(self.database_name, domain)

    def places(self, domains: Iterable[str] | None) -> Sequence[str]:
        """Of these domains; None: of all. Empty where that can't be told."""
        if domains is not None:
            return sorted({self.place(domain) for domain in domains} - {""})
        if "{domain}" in self.database_name:
            return []
        return sorted({*self.databases.values(), self.place("")} - {""})


def name_for(template: str, domain: str) -> str:
    """The database name of a domain: `{domain}` stands for it, dots as `-`, which names may hold."""
    return template.replace("{domain}", domain.replace(".", "-"))
