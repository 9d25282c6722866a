"""`api_keys`: who shows a key sends for the key's domain.

Keys are looked up by their SHA-256, so the time that it takes tells nothing of them. What is in memory follows the file within a
second; while that can't be read, keys that are known stay good, and of others nobody can tell.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from collector.component import Context, CredentialChange, Vouched
from collector.domains.credential import Credential
from collector.domains.key_store import FILE, KeyFile, KeyStore, KeysUnreadable, NoSuchKey
from collector.domains.keys import Key, KeyKind, digest_of, is_whole
from collector.domains.remembered import fingerprint
from collector.domains.resolver import RequestFacts
from collector.errors import Unauthenticated, Unavailable
from collector.extensions.api_keys.changes import Changes
from collector.extensions.api_keys.config import ApiKeysConfig
from collector.extensions.api_keys.presented import Places

log = logging.getLogger(__name__)

USED_SECS = 60.0
CHALLENGE = 'Bearer realm="logboom"'
_INVALID = f'{CHALLENGE}, error="invalid_token"'
_NOBODY = bytes(32)


class ApiKeys:
    """Safe from any thread."""

    def __init__(self, config: ApiKeysConfig, context: Context) -> None:
        self._id = context.id
        self._path = Path(config.file) if config.file else context.data_dir / FILE
        self._file = KeyFile(self._path)
        self._store = KeyStore(self._path)
        self._declared = [declared.key() for declared in config.keys]
        self._places = Places([name.lower() for name in config.headers], config.query_parameter)
        self._changes = Changes()
        self._on_exposed = config.on_exposed
        self._to_revoke: set[str] = set()
        self._trouble = ""
        self._used: dict[str, int] = {}
        self._used_written = time.monotonic()
        self._take(self._declared)

    def start(self) -> None:
        """Read the file. One that can't be read stops nobody from starting: senders are told to come again."""
        self.reload()

    def reload(self) -> None:
        """Take the keys over as they are now; what can't be read leaves all as it was, and is told once."""
        self._revoke_exposed()
        try:
            found = self._file.changed()
        except KeysUnreadable as error:
            if str(error) != self._trouble:
                log.error("%s: %s; the keys that are known stay good", self._id, error)
            self._trouble = str(error)
            return
        if found is not None:
            self._take([*self._declared, *found])
            self._changes.looked([*self._declared, *found])
        self._trouble = ""
        if time.monotonic() - self._used_written >= USED_SECS or found is not None:
            self._changes.passed(time.time())
        if time.monotonic() - self._used_written >= USED_SECS:
            self._write_used()

    def shutdown(self) -> None:
        """What was used is written down."""
        self._write_used()
        self._file.close()

    def known_domains(self) -> frozenset[str]:
        """Those that keys were made for, revoked ones among them: their records are here."""
        return self._domains

    def changes(self) -> Sequence[CredentialChange]:
        """What people did to keys, and which of them end soon."""
        return self._changes.taken()

    def ending(self) -> Mapping[tuple[str, str], float]:
        """Which of them end soon, and when."""
        return self._changes.ending(time.time())

    def authenticate(self, request: RequestFacts) -> Credential:
        """Whose key it is."""
        shown = self._places.look(request)
        if shown is None:
            raise Unauthenticated("a key is needed: send authorization: Bearer KEY", [CHALLENGE], cause="missing")
        digest = digest_of(shown.text)
        key, credential = self._known.get(digest, (None, None))
        good = hmac.compare_digest(key.digest if key is not None else _NOBODY, digest)
        now = time.time()
        objection = key.objection(now) if key is not None else self._stranger(shown.text)
        if key is None or credential is None or not good or objection:
            ident, domain = (key.id, key.domain) if key is not None and good else ("", "")
            cause = objection or "unknown"
            raise Unauthenticated(
                "the credential is not valid", [_INVALID], cause=cause, credential=ident, domain=domain
            )
        if shown.in_url and key.kind is not KeyKind.BROWSER:
            raise Unauthenticated("the credential is not valid", [_INVALID], cause="in_url")
        self._used[key.id] = int(now)
        return credential

    def vouched(self, ident: str) -> Vouched | None:
        """The key of this id while it is good; another key of the same id has another mark."""
        key, credential = self._by_id.get(ident, (None, None))
        if key is None or credential is None or key.objection(time.time()):
            return None
        return Vouched(credential, fingerprint(key.digest.hex()).hex())

    def exposed(self, secret: str) -> Credential | None:
        """Whose live key a text is. With `on_exposed: revoke` it is taken back within a second."""
        key, credential = self._known.get(digest_of(secret), (None, None))
        if key is None or key.objection(time.time()):
            return None
        if self._on_exposed == "revoke":
            self._to_revoke.add(key.id)
        return credential

    def recall(self, request: RequestFacts) -> Credential | None:
        """Looking a key up is no more work than remembering it."""
        try:
            return self.authenticate(request)
        except Unauthenticated:
            return None

    def _stranger(self, text: str) -> str:
        """Why a text is no key. Raises Unavailable while a new key may stand in a file that can't be read."""
        if not is_whole(text):
            return "malformed"
        if self._trouble:
            raise Unavailable("the keys can't be read now, try again")
        return "unknown"

    def _take(self, keys: Iterable[Key]) -> None:
        known: dict[bytes, tuple[Key, Credential]] = {}
        for key in keys:
            try:
                known.setdefault(key.digest, (key, key.credential()))
            except ValueError as error:
                log.error("%s: key %s lets nobody in: %s", self._id, key.id, error)
        domains = frozenset(key.domain for key, _ in known.values())
        self._known: Mapping[bytes, tuple[Key, Credential]] = known
        self._by_id: Mapping[str, tuple[Key, Credential]] = {key.id: (key, whose) for key, whose in known.values()}
        if domains != getattr(self, "_domains", None):
            self._domains = domains

    def _revoke_exposed(self) -> None:
        """Keys that stood in records; those that are declared in the configuration can't be taken back here."""
        for ident in tuple(self._to_revoke):
            try:
                if any(key.id == ident for key in self._declared):
                    log.error("%s: the key %s stood in a record: take it out of the configuration", self._id, ident)
                else:
                    self._store.revoke(ident, int(time.time()))
            except NoSuchKey:
                pass
            except KeysUnreadable as error:
                log.error("%s: the key %s stood in a record, and can't be revoked yet: %s", self._id, ident, error)
                return
            self._to_revoke.discard(ident)

    def _write_used(self) -> None:
        used, self._used = self._used, {}
        self._used_written = time.monotonic()
        stored = {ident: at for ident, at in used.items() if ident not in {key.id for key in self._declared}}
        if not stored or self._trouble:
            return
        try:
            self._store.used(stored)
        except KeysUnreadable as error:
            log.warning("%s: when keys were last used can't be written: %s", self._id, error)
