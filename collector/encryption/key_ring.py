"""The keys that a process holds: had once from `keys.db`, forgotten within a second when they are destroyed."""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collector.encryption.cipher import ID_BYTES, KEY_BYTES, Cipher, as_text, from_text, key_id_of
from collector.encryption.fetches import Fetches
from collector.encryption.key_store import DataKey, DomainKey, KeyStore
from collector.encryption.keys import DAY_SECS, FIELD
from collector.encryption.master_key import MasterKey
from collector.errors import Damaged, KeyDestroyed, KeysUnavailable

LOOK_SECS = 0.5
TROUBLE_SECS = 5.0
LASTING = "lasting"
_PSEUDONYMS = "pseudonyms"
_NONCE_BYTES = 12
_TRIES = 3


class KeyRing:
    """The `Keys` of a process.

    Args:
        path: of `keys.db`.
        master: gives the master key; called once, when it is first needed.
        seals: False where encryption is switched off: what was encrypted before is still opened.
    """

    def __init__(
        self, path: Path, master: Callable[[], MasterKey], seals: bool = True, now: Callable[[], float] = time.time
    ) -> None:
        self.seals = seals
        self._store = KeyStore(path)
        self._open_master = master
        self._now = now
        self._lock = threading.RLock()
        self._master: MasterKey | None = None
        self._look_at = 0.0
        self._destructions = -1
        self._trouble = -TROUBLE_SECS, ""
        self._daily: dict[str, tuple[int, Cipher]] = {}
        self._ciphers: dict[bytes, Cipher] = {}
        self._lasting: dict[str, Cipher] = {}
        self._secrets: dict[str, tuple[bytes, bytes]] = {}
        """Domain → id and bytes of the key of its pseudonyms."""
        self._domain_keys: dict[str, tuple[bytes, bytes]] = {}
        self._fetches: Fetches[tuple[bytes, bytes]] = Fetches()

    def check(self, new: bool = True) -> None:
        """That the master key is here, and the right one. Asks its keeper, however long that takes. `new`: as `KeyStore.prepare` has it.

        Raises:
            KeysUnavailable: a sentence for the operator.
        """
        master = self._the_master()
        with self._lock:
            self._store.prepare(master.ids[0], new)
            kept = {key.wrapped.master: key for key in self._store.domain_keys()}
            current = self._store.master() or master.ids[0]
        for key in kept.values():
            master.unwrap(key.wrapped, key.domain)
        probe = os.urandom(KEY_BYTES)
        if master.unwrap(master.wrap(probe, "", current), "") != probe:
            raise KeysUnavailable("the master key does not unwrap what it wrapped")

    def look(self) -> None:
        """Forget what was destroyed. Each use looks as well, so an idle process should be made to."""
        now = time.monotonic()
        if now < self._look_at:
            return
        with self._lock:
            if self._store.changed():
                self._follow()
            self._look_at = now + LOOK_SECS

    @property
    def destructions(self) -> int:
        """See `Keys.destructions`."""
        with suppress(KeysUnavailable):
            self.look()
        return self._destructions

    def seal(self, domain: str, purpose: str, plain: bytes, lasting: bool = False) -> bytes:
        """See `Keys.seal`."""
        try:
            cipher = self._cipher_for(domain, lasting)
        except KeysUnavailable as error:
            self._trouble = time.monotonic(), str(error)
            raise
        return cipher.seal(purpose, plain)

    @property
    def trouble(self) -> str:
        """Why nothing could be encrypted some seconds ago; empty: it could, or nobody asked."""
        when, reason = self._trouble
        return reason if time.monotonic() - when < TROUBLE_SECS else ""

    def open(self, domain: str, purpose: str, sealed: bytes) -> bytes:
        """See `Keys.open`."""
        cipher = self._cipher_of(key_id_of(sealed))
        if cipher.domain != domain:
            raise Damaged(f"what was encrypted for {cipher.domain} stands in a place of {domain}")
        return cipher.open(purpose, sealed)

    def seal_text(self, domain: str, attribute: str, text: str) -> str:
        """See `Keys.seal_text`."""
        return as_text(self.seal(domain, attribute, text.encode()))

    def open_text(self, domain: str, attribute: str, text: str) -> str:
        """See `Keys.open_text`."""
        return self.open(domain, attribute, from_text(text)).decode() if text.startswith(FIELD) else text

    def pseudonym(self, domain: str, text: str) -> str:
        """See `Keys.pseudonym`."""
        self.look()
        found = self._secrets.get(domain)
        return hmac.digest(found[1] if found is not None else self._pseudonyms(domain), text.encode(), "sha256")[
            :16
        ].hex()

    def destroy(self, domain: str, made_by: float | None = None) -> int:
        """See `Keys.destroy`."""
        with self._lock:
            key = self._store.domain_key(domain)
            if made_by is not None and key is not None and key.created_at > made_by:
                return 0
            gone = self._store.destroy_domain(domain, int(self._now()))
            self._follow()
        return gone

    def destroy_before(self, unix: float, held: Collection[str] = ()) -> int:
        """Destroy the keys of days that ended before, but of domains that are held; returns how many there were."""
        with self._lock:
            gone = self._store.destroy_before(int(unix) - DAY_SECS, int(self._now()), held)
            self._follow()
        return gone

    def close(self) -> None:
        """Let go of the file; safe twice."""
        with self._lock:
            self._store.close()

    def _cipher_for(self, domain: str, lasting: bool) -> Cipher:
        self.look()
        if lasting:
            return self._lasting.get(domain) or self._make_lasting(domain)
        day = int(self._now() // DAY_SECS)
        made, found = self._daily.get(domain) or (-1, None)
        return found if found is not None and made == day else self._make_daily(domain, day)

    def _make_daily(self, domain: str, day: int) -> Cipher:
        cipher = self._cipher(*self._data_key(domain, f"day {day}"))
        with self._lock:
            self._daily[domain] = day, cipher
        return cipher

    def _make_lasting(self, domain: str) -> Cipher:
        cipher = self._cipher(*self._data_key(domain, LASTING))
        with self._lock:
            self._lasting[domain] = cipher
        return cipher

    def _cipher(self, key: DataKey, plain: bytes) -> Cipher:
        with self._lock:
            self._still_there(key)
            return self._ciphers.setdefault(key.id, Cipher(key.id, plain, key.domain))

    def _still_there(self, key: DataKey) -> None:
        """Before one is remembered, with the lock held: a destruction before this look would not be noticed by the next."""
        now = self._store.data_key(key.id)
        if now is None or now.wrapped is None:
            raise KeyDestroyed(f"the key {key.id.hex()} of {key.domain} was destroyed")

    def _cipher_of(self, key_id: bytes) -> Cipher:
        self.look()
        found = self._ciphers.get(key_id)
        if found is not None:
            return found
        with self._lock:
            key = self._store.data_key(key_id)
        if key is None:
            raise KeysUnavailable(f"the key {key_id.hex()} is not in {self._store.path}: put the file back that has it")
        if key.wrapped is None:
            raise KeyDestroyed(f"the key {key_id.hex()} of {key.domain} was destroyed")
        return self._cipher(key, self._unwrapped(key))

    def _pseudonyms(self, domain: str) -> bytes:
        key, plain = self._data_key(domain, _PSEUDONYMS)
        with self._lock:
            self._still_there(key)
            self._secrets[domain] = key.id, plain
        return plain

    def _data_key(self, domain: str, purpose: str) -> tuple[DataKey, bytes]:
        """The live one, made where there is none."""
        for _ in range(_TRIES):  # a domain's key may be destroyed at any moment
            with self._lock:
                key = self._store.live_key(domain, purpose)
            if key is None:
                domain_key_id, domain_key = self._domain_key(domain)
                key_id, now = os.urandom(ID_BYTES), int(self._now())
                made = DataKey(key_id, domain, purpose, domain_key_id, b"", now)
                wrapped = _wrap(domain_key, os.urandom(KEY_BYTES), made)
                with self._lock:
                    key = self._store.add_data_key(made._replace(wrapped=wrapped))
            if key is not None:
                return key, self._unwrapped(key)
            self._forget(domain)
        raise KeysUnavailable(f"the keys of {domain} are being destroyed")

    def _unwrapped(self, key: DataKey) -> bytes:
        domain_key_id, domain_key = self._domain_key(key.domain)
        if domain_key_id != key.domain_key:  # of before a destruction: ours is old, or the key is gone
            self._forget(key.domain)
            domain_key_id, domain_key = self._domain_key(key.domain)
        if domain_key_id != key.domain_key or key.wrapped is None:
            raise KeyDestroyed(f"the key {key.id.hex()} of {key.domain} was destroyed")
        return _unwrap(domain_key, key)

    def _domain_key(self, domain: str) -> tuple[bytes, bytes]:
        """Id and bytes of a domain's key, made where there is none."""
        found = self._domain_keys.get(domain)
        return found if found is not None else self._fetches.result(domain, self._fetched)

    def _fetched(self, domain: str) -> tuple[bytes, bytes]:
        """As `_domain_key`, from the file and the master key; on a thread of its own, since that may take as long as it likes."""
        for _ in range(_TRIES):
            with self._lock:
                kept = self._store.domain_key(domain)
            if kept is None:
                kept = self._made(domain)
            if kept is not None:
                found = kept.id, self._the_master().unwrap(kept.wrapped, domain)
                with self._lock:
                    self._domain_keys[domain] = found
                return found
        raise KeysUnavailable("the master key is being changed")

    def _made(self, domain: str) -> DomainKey | None:
        """Make the key of a domain; None when another master key became the one meanwhile."""
        master = self._the_master()
        with self._lock:
            current = self._store.master()
        wrapped = master.wrap(os.urandom(KEY_BYTES), domain, current or master.ids[0])
        with self._lock:
            return self._store.add_domain_key(DomainKey(domain, os.urandom(ID_BYTES), wrapped, int(self._now())))

    def _the_master(self) -> MasterKey:
        if self._master is None:
            self._master = self._open_master()
        return self._master

    def _follow(self) -> None:
        """Forget what is not there any more. With the lock held."""
        destructions = self._store.destructions()
        if destructions == self._destructions:
            return
        domain_keys = {key.id for key in self._store.domain_keys()}
        live = {key.id for key in self._store.live_keys()}
        self._domain_keys = {domain: key for domain, key in self._domain_keys.items() if key[0] in domain_keys}
        self._ciphers = {key_id: cipher for key_id, cipher in self._ciphers.items() if key_id in live}
        self._daily = {domain: made for domain, made in self._daily.items() if made[1].id in live}
        self._lasting = {domain: cipher for domain, cipher in self._lasting.items() if cipher.id in live}
        self._secrets = {domain: key for domain, key in self._secrets.items() if key[0] in live}
        self._destructions = destructions

    def _forget(self, domain: str) -> None:
        with self._lock:
            self._domain_keys.pop(domain, None)


def _bound(key: DataKey) -> bytes:
    return f"{key.domain}|{key.purpose}|{key.id.hex()}".encode()


def _wrap(domain_key: bytes, plain: bytes, key: DataKey) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(domain_key).encrypt(nonce, plain, _bound(key))


def _unwrap(domain_key: bytes, key: DataKey) -> bytes:
    wrapped = key.wrapped or b""
    try:
        return AESGCM(domain_key).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _bound(key))
    except (InvalidTag, ValueError) as error:
        raise KeysUnavailable(
            f"the key {key.id.hex()} of {key.domain} is not what was kept: keys.db is damaged"
        ) from error
