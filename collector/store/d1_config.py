"""Which D1 database holds whose logs: the options that writing and reading share."""

from __future__ import annotations

from collector.transport.cloudflare_config import CloudflareConfig


class D1StoreConfig(CloudflareConfig):
    """Cloudflare's account, and where rows are. `logboom query --store d1` reads the first configured exporter with these."""

    database_id: str = ""
    """The database of all domains that `databases` does not name."""
    databases: dict[str, str] = {}
    """Domain → database id."""
    database_name: str = ""
    """Instead of `database_id`: the name of the database, in which `{domain}` stands for the domain (dots as `-`)."""
