"""What stands in the place of what was found."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from collector.component import Context
from collector.errors import LogboomError
from collector.privacy.classes import MASK
from collector.privacy.classes.addresses import network
from collector.shaping.names import Names
from processors.redact.config import RedactConfig

_HASH_CHARACTERS = 32
_LAST = 4
_NO_KEYS = "needs keys of domains: configure service.encryption, or for `hash` a hash_key"


class Hiding:
    """The actions of the options."""

    def __init__(self, config: RedactConfig, context: Context) -> None:
        self._config, self._keys = config, context.keys
        if config.asks_for_keys and context.keys is None:
            raise LogboomError(f"{context.id}: `encrypt` or `hash` {_NO_KEYS}")
        self._key = config.hash_key.get_secret_value().encode() if config.hash_key else None
        self._allowed = Names(config.allow, ignore_case=True)
        self.by_domain = config.asks_for_keys
        """What stands there depends on the domain."""
        self.by_attribute = "encrypt" in {config.action, *config.actions.values()}
        """And on the attribute."""

    @property
    def allows(self) -> bool:
        """Something stays though it was found."""
        return bool(self._allowed)

    def drops(self, cls: str) -> bool:
        """Whether attributes and pairs that hold it are left out."""
        return self._config.action_of(cls) == "drop"

    def allowed(self, found: str) -> bool:
        """It stays, though it was found."""
        return found in self._allowed

    def at(self, domain: str, attribute: str) -> Callable[[str, str], str]:
        """(class, what was found there) → what stands there."""

        def instead(cls: str, found: str) -> str:
            return found if self._allowed and self.allowed(found) else self._instead(cls, found, domain, attribute)

        return instead

    def _instead(self, cls: str, found: str, domain: str, attribute: str) -> str:
        action = self._config.action_of(cls)
        if action == "hash":
            return f"hmac:{self._digest(found, domain)}"
        if action == "encrypt":
            assert self._keys is not None
            return self._keys.seal_text(domain, attribute, found)
        return truncated(cls, found) if action == "truncate" else MASK

    def _digest(self, found: str, domain: str) -> str:
        if self._key is not None:
            return hmac.digest(self._key, found.encode(), "sha256").hex()[:_HASH_CHARACTERS]
        assert self._keys is not None
        return self._keys.pseudonym(domain, found)


def truncated(cls: str, found: str) -> str:
    """What tells kinds apart, and not who it is."""
    match cls:
        case "ip":
            return network(found)
        case "card" | "iban":
            return MASK + "".join(each for each in found if each.isalnum())[-_LAST:]
        case "email":
            return f"{MASK}@{found.replace('%40', '@').rpartition('@')[2]}"
        case "token":
            front = found[:12]
            cut = max(front.rfind("_"), front.rfind("-"))
            return (front[: cut + 1] if cut > 0 and not found.startswith("-") else "") + MASK
        case _:
            return MASK
