"""Bodies of the journal, encrypted before they are written and opened when they were read (`service.encryption`).

The digest that tells duplicates is of the plain bytes, the checksum of the stored ones: damage is noticed without a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from collector.encryption import Keys
from collector.errors import Damaged, KeyDestroyed, KeysUnavailable, Unavailable
from collector.journal.accompanied import parted
from collector.journal.entry import Entry, Payload

PURPOSE = "journal"


def sealed(keys: Keys, payloads: Sequence[Payload]) -> list[Payload]:
    """The payloads as they are stored.

    Raises:
        Unavailable: there is no key now; their senders keep them.
    """
    try:
        return [
            payload._replace(body=keys.seal(payload.domain, PURPOSE, payload.body), checksum=b"", sealed=True)
            for payload in payloads
        ]
    except KeysUnavailable as error:
        raise Unavailable(f"nothing can be encrypted now: {error}") from error


class Opening:
    """Opens entries; where the keys of a domain can't be had now, its entries stay for later, and those of others go on."""

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys
        self.closed: dict[str, KeysUnavailable] = {}
        """Domain → why its entries can't be opened now."""

    def opened(self, entries: Iterable[Entry], with_client: frozenset[tuple[str, int]]) -> Iterator[Entry]:
        """The entries in their order. `with_client`: (domain, offset) of sealed ones that begin with what came with the request."""
        for entry in entries:
            if entry.damaged:
                yield self._damaged(entry)
            elif not entry.sealed:
                yield entry
            elif entry.domain not in self.closed:
                try:
                    yield self._open(entry, (entry.domain, entry.offset) in with_client)
                except KeysUnavailable as error:
                    self.closed[entry.domain] = error

    def _damaged(self, entry: Entry) -> Entry:
        """Where the header alone was hit, nobody knows that the body is encrypted: the key does."""
        with suppress(KeyDestroyed, KeysUnavailable, Damaged):
            if self._keys is not None:
                return entry._replace(body=self._keys.open(entry.domain, PURPOSE, entry.body))
        return entry

    def _open(self, entry: Entry, with_client: bool) -> Entry:
        if self._keys is None:
            raise KeysUnavailable("what was encrypted stands in the journal, and nothing says where its keys are")
        try:
            body = self._keys.open(entry.domain, PURPOSE, entry.body)
        except KeyDestroyed:
            return entry._replace(body=b"", sealed=False, erased=True)
        except Damaged:
            return entry._replace(sealed=False, damaged=True)
        body, client, provenance = parted(body) if with_client else (body, "", "")
        return entry._replace(body=body, sealed=False, client=client, provenance=provenance)
