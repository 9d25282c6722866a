"""Dead letters that are kept no longer: older than all of their domains keep them, and under no legal hold."""

from __future__ import annotations

from itertools import islice, takewhile

from collector.disk.environment import Transaction
from collector.ledger.deadletters import DeadLetterInfo, each_letter, give_up
from collector.ledger.plan import LetterAges
from collector.ledger.store import Store
from collector.ledger.tables import Tables

_MOST_AT_ONCE = 1000


def expire_letters(store: Store) -> int:
    """Drop them, a bounded number at a time; how many."""
    ages = store.plan.letters
    if not ages.least:
        return 0
    with store.environment.read() as txn:
        old = _expired(txn, store.tables, ages, store.now_unix_ms())
    if old:
        with store.environment.write() as txn:
            for info in old:
                give_up(txn, store.tables, info, "dead_letters_expired")
    return len(old)


def _expired(txn: Transaction, tables: Tables, ages: LetterAges, now_unix_ms: int) -> list[DeadLetterInfo]:
    """The oldest of them."""
    young = now_unix_ms - ages.least * 1000
    old = takewhile(lambda info: info.created_unix_ms <= young, each_letter(txn, tables))
    return list(islice((info for info in old if _is_over(info, ages, now_unix_ms)), _MOST_AT_ONCE))


def _is_over(info: DeadLetterInfo, ages: LetterAges, now_unix_ms: int) -> bool:
    age_ms = ages.age(info.by_domain) * 1000
    return 0 < age_ms <= now_unix_ms - info.created_unix_ms and not ages.reason(info.by_domain)
