"""Another master key in the place of the one there is, while processes run.

    which master key wraps from now on     is written first: a domain that is new meanwhile is wrapped with the new one
    each key of a domain, wrapped anew     one by one; killed in between, the next `rotate` goes on
    the old master key                     is needed no more: out of the file, where it comes from one

The new one is made here where the master key is a file; from elsewhere it must come in front of the old one, when `rotate` is called. Data
keys stay as they are, so nothing that was encrypted is touched, and processes that run go on with what they hold.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from collector.encryption import private_file
from collector.encryption.key_store import KeyStore
from collector.encryption.master_key import MasterKey, id_of, new_master_key, parsed, written
from collector.encryption.place import KeyPlace
from collector.encryption.sources import opened
from collector.errors import KeysUnavailable

_ROUNDS = 5


class Rotated(NamedTuple):
    """What was done.

    Args:
        master: id of the master key that wraps all of them now.
        domains: how many keys of domains were wrapped anew.
        left: ids of master keys that are needed no more, and still stand where the master key comes from.
    """

    master: str
    domains: int
    left: list[str]


def rotate(place: KeyPlace) -> Rotated:
    """Do all of it.

    Raises:
        KeysUnavailable: the master key can't be had, or there is no new one; nothing that was encrypted is lost.
    """
    file = Path(str(place.options["path"])) if place.source == "file" else None
    if file is not None:
        _add_key(place, file)
    master = opened(place.source, place.options)
    store = KeyStore(place.keys)
    try:
        store.prepare(master.ids[0], new=False)
        if file is None and len(master.ids) == 1 and store.master() == master.ids[0] and not master.waits:
            raise KeysUnavailable(
                "there is no new master key: let it come in front of the old one, on a line of its own"
            )
        domains = _rewrap(store, master)
    finally:
        store.close()
    left = list(master.ids[1:])
    if file is not None:
        _keep_first(file)
        left = []
    return Rotated(master.ids[0], domains, left)


def _add_key(place: KeyPlace, file: Path) -> None:
    """A new key in front of those in the file, unless a rotation that was killed has done so."""
    opened(place.source, place.options)  # who may read it, and what stands in it
    keys = parsed(file.read_text())
    store = KeyStore(place.keys)
    try:
        store.prepare(id_of(keys[0]), new=False)
        begun = len(keys) > 1 and (
            store.master() != id_of(keys[0]) or any(key.wrapped.master != id_of(keys[0]) for key in store.domain_keys())
        )
    finally:
        store.close()
    if not begun:
        _replace(file, [new_master_key(), *keys])


def _rewrap(store: KeyStore, master: MasterKey) -> int:
    """Every key of a domain. One that is made by a process that does not know of it yet is met in another round."""
    first = master.ids[0]
    store.set_master(first)
    done: set[bytes] = set()
    for _ in range(_ROUNDS):
        waiting = [key for key in store.domain_keys() if key.id not in done or key.wrapped.master != first]
        if not waiting:
            break
        for key in waiting:
            plain = master.unwrap(key.wrapped, key.domain)
            store.rewrapped(key, master.wrap(plain, key.domain, first))
            done.add(key.id)
    return len(done)


def _keep_first(file: Path) -> None:
    _replace(file, parsed(file.read_text())[:1])


def _replace(file: Path, keys: list[bytes]) -> None:
    try:
        private_file.replace(file, written(keys))
    except OSError as error:
        raise KeysUnavailable(
            f"the master key in {file} can't be written: {error.strerror or error}; where it may not be, put a new one in "
            "front of it yourself, on a line of its own, and call it again"
        ) from error
