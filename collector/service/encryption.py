"""The keys of a running service: checked before anything is accepted, followed while it runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from collector.control.catalogue import ENCRYPTION_DESTROYED, ENCRYPTION_ROTATED
from collector.control.record import Value
from collector.control.reporter import Reporter
from collector.encryption import Keys
from collector.encryption.place import KeyPlace
from collector.errors import KeysUnavailable
from collector.settings.model import Settings

if TYPE_CHECKING:
    from collector.encryption.key_ring import KeyRing  # loads cryptography and SQLite, which few processes need

RETIRE_SECS = 3600.0

log = logging.getLogger("logboom.encryption")


def check_keys(settings: Settings, root: Path) -> None:
    """That what the configuration asks for can be encrypted, and where its keys are, for whoever comes without it.

    Raises:
        KeysUnavailable: the master key is not here, or not the one that the keys were wrapped with; or the file of keys was lost.
    """
    config = settings.service.encryption
    if config is not None:
        place = config.place(root)
        ring = place.ring()
        try:
            ring.check(new=KeyPlace.remembered(root) is None)
        finally:
            ring.close()
        place.remember(root)


def forget_destroyed(keys: KeyRing) -> None:
    """Each second: what another process destroyed is forgotten here, also while nothing is encrypted."""
    try:
        keys.look()
    except KeysUnavailable as error:
        log.debug("the keys can't be looked at: %s", error)  # whoever needs one is told


class KeyWatch:
    """Tells what becomes of keys. For one process of a service.

    Args:
        path: of the file of keys.
    """

    def __init__(self, path: Path, reporter: Reporter) -> None:
        from collector.encryption.key_store import KeyStore

        self._store = KeyStore(path)
        self._reporter = reporter
        self._known: tuple[str, Mapping[str, int]] | None = None

    def look(self) -> None:
        """Each second; what was before the first look is told by nobody."""
        with suppress(KeysUnavailable):  # whoever needs a key says so
            if self._store.changed() or self._known is None:
                self._tell(self._store.master() or "", self._store.destroyed_keys())

    def _tell(self, master: str, destroyed: Mapping[str, int]) -> None:
        before = self._known or (master, destroyed)
        self._known = master, destroyed
        if master != before[0]:
            body = f"keys of domains are wrapped with the master key {master} from now on"
            self._reporter.tell(ENCRYPTION_ROTATED, body, {"logboom.master": master})
        for domain, number in destroyed.items():
            if (keys := number - before[1].get(domain, 0)) > 0:
                body = f"{keys} data keys of {domain} were destroyed"
                said: dict[str, Value] = {"logboom.domain": domain, "logboom.keys": keys}
                self._reporter.tell(ENCRYPTION_DESTROYED, body, said, concerned=domain)


def retire_keys(settings: Settings, root: Path, now: float) -> int:
    """Destroy the keys of days that are older than the configuration keeps them; how many.

    Raises:
        KeysUnavailable: not now.
    """
    config = settings.service.encryption
    if config is None or config.destroy_after is None:
        return 0
    ring = config.place(root).ring()
    try:
        holds = settings.service.privacy.standing().all
        held = {hold.domain for hold in holds if hold.stands(int(now * 1e9))}
        return ring.destroy_before(now - config.destroy_after, held)
    finally:
        ring.close()


async def keep_retiring(settings: Callable[[], Settings], root: Path) -> None:
    """Each hour."""
    while True:
        try:
            gone = await asyncio.to_thread(retire_keys, settings(), root, time.time())
        except KeysUnavailable as error:
            log.warning("keys that are older than service.encryption.destroy_after could not be destroyed: %s", error)
        else:
            if gone:
                log.info("%d data keys were older than service.encryption.destroy_after, and are destroyed", gone)
        await asyncio.sleep(RETIRE_SECS)


def passing_keys(settings: Settings, folder: Path) -> Keys | None:
    """Keys for a trial, which go with its folder; None where the configuration asks for none."""
    if settings.service.encryption is None:
        return None
    from collector.encryption.key_ring import KeyRing
    from collector.encryption.master_key import LocalMasterKey, new_master_key

    key = new_master_key()
    ring = KeyRing(folder / "keys.db", lambda: LocalMasterKey(lambda: [key]))
    ring.check()
    return ring
