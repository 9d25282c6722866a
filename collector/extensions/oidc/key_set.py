"""The keys of one provider: fetched in the background, kept when it fails, asked for anew when a token names an unknown one.

A thread of its own fetches, so nobody waits for the provider: neither the start nor a request.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from jwt import PyJWK, PyJWKSet

from collector.domains.remembered import Remembered, fingerprint
from collector.errors import Unavailable
from collector.extensions.oidc.config import Provider
from collector.extensions.oidc.fetching import Fetched, NoKeys, fetch, read
from collector.named_file import Version, version

log = logging.getLogger(__name__)

FORCED_SECS = 30.0
"""Unknown keys make the provider asked once in this time, whatever comes."""
_LEAST_SECS, _MOST_SECS, _EARLY = 60.0, 24 * 3600.0, 0.8
_RETRY_SECS, _MOST_RETRY_SECS = 2.0, 60.0
_UNKNOWN_SECS = 300.0


class KeySet:
    """Keys by id; safe from any thread.

    Args:
        owner: the extension's id, for the log.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        provider: Provider,
        owner: str,
        ask: Callable[[Provider], Fetched] = fetch,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._owner = owner
        self._ask = ask
        self._clock = clock
        self._file = Path(provider.public_keys_file) if provider.public_keys_file else None
        self._file_seen: Version | None = None
        self._keys: Mapping[str | None, PyJWK] = {}
        self._fetched_at: float | None = None
        self._forced_at = -FORCED_SECS
        self._failures = 0
        self._due_secs = 0.0
        self._unknown: Remembered[float] = Remembered(1000, clock)
        self._told = ""
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look for keys; nobody waits."""
        if self._file is not None:
            self.reload()
            return
        self._thread = threading.Thread(target=self._fetch_again_and_again, name="oidc", daemon=True)
        self._thread.start()

    def reload(self) -> None:
        """Take a file that has changed; one that is no JWKS changes nothing, and is told."""
        if self._file is None or (version(self._file) == self._file_seen and not self._told):
            return
        self._file_seen = version(self._file)
        try:
            self._take(read(self._file))
        except NoKeys as error:
            self._tell(str(error))

    def shutdown(self) -> None:
        """End the thread; safe twice."""
        self._ended.set()
        self._wake.set()

    def find(self, kid: str | None) -> PyJWK | None:
        """The key of a token; None where there is none, as far as the provider has just said. Raises Unavailable: keys were never
        had, are too old, or are being asked for because this one is unknown."""
        if self._fetched_at is None or (self._failures and self._age() > self._due_secs + self._provider.stale_for):
            raise Unavailable("the keys of the tokens' issuer are not known now, try again")
        found = self._keys.get(kid)
        if found is None and kid is None and len(self._keys) == 1:
            found = next(iter(self._keys.values()))
        if found is None and self._file is None and not self._asked_since(kid):
            raise Unavailable("the token's key is asked for, try again")
        return found

    def _asked_since(self, kid: str | None) -> bool:
        """Whether the provider was asked after this key was first named; else it is, at its turn."""
        assert self._fetched_at is not None
        now, name = self._clock(), fingerprint(kid or "")
        first = self._unknown.get(name)
        if first is not None and self._fetched_at > first:
            return True
        if first is None:
            self._unknown.put(name, now, _UNKNOWN_SECS)
        if now - self._forced_at >= FORCED_SECS:
            self._forced_at = now
            self._wake.set()
        return False

    @property
    def is_stale(self) -> bool:
        """The provider can't be asked, and its keys are those of before."""
        return self._failures > 0 and self._fetched_at is not None

    def fetch_once(self) -> float:
        """Ask, and take what comes; seconds until the next time."""
        try:
            fetched = self._ask(self._provider)
        except NoKeys as error:
            self._failures += 1
            self._tell(str(error))
            return float(min(_RETRY_SECS * 2 ** min(self._failures - 1, 8), _MOST_RETRY_SECS))
        self._failures = 0
        self._take(fetched.keys)
        self._due_secs = min(max(fetched.max_age_secs * _EARLY, _LEAST_SECS), _MOST_SECS)
        return self._due_secs

    def _fetch_again_and_again(self) -> None:
        while not self._ended.is_set():
            secs = self.fetch_once()
            self._wake.wait(secs)
            self._wake.clear()

    def _age(self) -> float:
        return self._clock() - self._fetched_at if self._fetched_at is not None else 0.0

    def _take(self, keys: PyJWKSet) -> None:
        self._keys = {key.key_id: key for key in keys.keys if key.key_type != "oct" and key.public_key_use != "enc"}
        self._fetched_at = self._clock()
        self._told = ""

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            what = "the keys of before stay" if self._fetched_at is not None else "senders are told to come again"
            log.warning("%s: %s; %s", self._owner, reason, what)
        self._told = reason
