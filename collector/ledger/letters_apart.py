"""A dead letter whose records belong to several partitions by now: one for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from collector.batch import LogBatch
from collector.errors import Damaged
from collector.ledger.contents import Contents
from collector.ledger.deadletters import DeadLetterInfo, NewDeadLetter


def apart(info: DeadLetterInfo, content: bytes, owner: Callable[[str], int]) -> Iterator[tuple[int, NewDeadLetter]]:
    """(partition, what of the letter goes there). One that can't be read goes whole, to whoever gets its first domain."""
    owners = sorted({owner(domain) for domain in info.by_domain}) or [owner("")]
    opened = None if len(owners) == 1 else _opened(content)
    if opened is None:
        yield owners[0] if len(owners) == 1 else owner(next(iter(info.by_domain))), _part(info, content, info.by_domain)
        return
    for number in owners:
        by_domain = {domain: records for domain, records in info.by_domain.items() if owner(domain) == number}
        yield number, _part(info, _of(opened, set(by_domain)), by_domain)


def _opened(content: bytes) -> object:
    try:
        return Contents().opened(content).content
    except Damaged:
        return None


def _of(opened: object, domains: set[str]) -> bytes:
    """The part of some domains."""
    if isinstance(opened, LogBatch):
        return Contents().of_batch(opened.filter(opened.column("domain").fill_null("").is_in(list(domains))))
    assert isinstance(opened, list), "a batch is decoded whole unless pieces are asked for"
    return Contents().of_entries([entry for entry in opened if entry.domain in domains])


def _part(info: DeadLetterInfo, content: bytes, by_domain: dict[str, int] | object) -> NewDeadLetter:
    assert isinstance(by_domain, dict)
    return NewDeadLetter(info.owner, info.pipeline, info.reason, by_domain, content, info.raw)
