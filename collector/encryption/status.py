"""What there is of keys, for people: ids, numbers and ages, nothing of a key."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from collector.encryption.key_store import KeyStore
from collector.encryption.place import KeyPlace


@dataclass(frozen=True, slots=True)
class DomainKeys:
    """The keys of one domain.

    Args:
        domain: whose they are.
        created_at: Unix seconds; when the domain's key was made. 0: it has none now, all were destroyed.
        data_keys: how many data keys there are.
        oldest, newest: Unix seconds; when data keys were made, 0 where there is none.
        destroyed: how many data keys were destroyed, ever.
    """

    domain: str
    created_at: int
    data_keys: int
    oldest: int
    newest: int
    destroyed: int


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """The keys of a data directory.

    Args:
        file: where they are.
        source: where the master key comes from (`file`, `environment`, `command`, or a plugin's name).
        master: id of the one that wraps now.
        domains: by name.
    """

    file: str
    source: str
    master: str
    domains: list[DomainKeys]


def key_status(place: KeyPlace) -> KeyStatus:
    """What there is of keys. Asks for no master key.

    Raises:
        KeysUnavailable: the file can't be read.
    """
    store = KeyStore(place.keys)
    try:
        created = {key.domain: key.created_at for key in store.domain_keys()}
        live, destroyed = store.live_keys(), store.destroyed_keys()
        master = store.master() or ""
    finally:
        store.close()
    numbers = Counter(key.domain for key in live)
    oldest, newest = ({key.domain: key.created_at for key in order} for order in (reversed(live), live))
    names = sorted({*created, *destroyed})
    return KeyStatus(
        str(place.keys), place.source, master,
        [
            DomainKeys(
                name, created.get(name, 0), numbers[name], oldest.get(name, 0), newest.get(name, 0), destroyed.get(name, 0)
            )
            for name in names
        ],
    )  # fmt: skip
