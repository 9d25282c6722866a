"""Who signs the links in messages to people: the configuration's receiver that takes them says how."""

from __future__ import annotations

from pathlib import Path

from collector.component import TakesLinks
from collector.service.plan import used_receivers
from collector.settings.model import Settings
from collector.signed_links import Signer, data_key


def links_of(settings: Settings, root: Path) -> Signer | None:
    """None where no receiver takes links. Raises `OSError`: the data directory's key cannot be read or made."""
    configs = (settings.receivers[name].config for name in used_receivers(settings))
    rules = next((given for config in configs if isinstance(config, TakesLinks) if (given := config.links())), None)
    if rules is None:
        return None
    keys = [key.encode() for key in rules.keys] or [data_key(root)]
    return Signer(keys, rules.base, rules.lifetime_secs)
