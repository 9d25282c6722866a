"""What came with a request beside its records, taken down as far as the configuration asks, and the bound on how many kinds of it there are."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import xxhash

from collector.client_info import ClientInfo, Wanted, part_of
from collector.domains.credential import Credential
from collector.domains.resolver import RequestFacts
from collector.errors import TooLarge, TooManyCombinations

if TYPE_CHECKING:
    from collector.admission.steps import Arrival

MOST_BYTES = 16 << 10
"""All of it of one request."""
_RAW, _AUTHORIZATION, _HOST = "raw", "authorization", frozenset({"host", ":authority"})


class Combinations:
    """How many combinations of values of some headers there were since the start: each is a batch of its own. Safe from any thread.

    Args:
        wanted: the headers.
        limit: most combinations; 0: any number.
    """

    def __init__(self, wanted: Wanted, limit: int) -> None:
        self._wanted = wanted
        self._limit = limit
        self._seen: set[bytes] = set()
        self._lock = threading.Lock()

    def admit(self, client: str) -> None:
        """Raises `TooManyCombinations` for one more than there may be."""
        digest = xxhash.xxh3_128_digest(part_of(client, self._wanted).encode())  # no value stays here
        if not self._limit or digest in self._seen:
            return
        with self._lock:
            if len(self._seen) >= self._limit:
                raise TooManyCombinations("too many batcher metadata-value combinations")
            self._seen.add(digest)


class Accompanying:
    """The step: the first of all that may find fault with what came, behind those that say who sends.

    Args:
        wanted: receiver → what of its requests is asked for.
        combinations: receiver → the bounds that its requests pass.
    """

    def __init__(self, wanted: Mapping[str, Wanted], combinations: Mapping[str, Sequence[Combinations]]) -> None:
        self._wanted = wanted
        self._combinations = combinations

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def __call__(self, arrival: Arrival) -> None:
        """Raises `TooLarge`, `TooManyCombinations`."""
        wanted = self._wanted.get(arrival.receiver)
        if wanted is None:
            return
        client = _told(arrival.facts, arrival.credential, wanted, arrival.include_metadata).text()
        if len(client) > MOST_BYTES:
            raise TooLarge(f"the headers that are carried along with records are larger than {MOST_BYTES} bytes")
        for each in self._combinations.get(arrival.receiver, ()):
            each.admit(client)
        arrival.client = client
        arrival.variant += client


def _told(facts: RequestFacts, credential: Credential | None, wanted: Wanted, metadata: bool) -> ClientInfo:
    found = {name: _values(facts, name) for name in sorted(wanted.metadata)} if metadata else {}
    auth = {name: _attribute(facts, credential, name) for name in sorted(wanted.auth)} if credential is not None else {}
    return ClientInfo(
        {name: values for name, values in found.items() if values},
        {name: value for name, value in auth.items() if value},
        facts.peer() if wanted.address else None,
    )


def _values(facts: RequestFacts, name: str) -> Sequence[str]:
    values = list(facts.values(name))
    return values or ([facts.host] if name in _HOST and facts.host else [])


def _attribute(facts: RequestFacts, credential: Credential, name: str) -> str:
    """`raw` is what was shown, as the Collector's authenticators call it."""
    if name == _RAW:
        return facts.header(_AUTHORIZATION) or ""
    return credential.attributes.get(name, "")
