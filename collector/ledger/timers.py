"""When components want to be called though no records come: due times are state, and change with a step only.

    t component ␀ domain ␀ name          u64: when it is due, ns
    d component ␀ u64 domain ␀ name      empty: the same by time
    f component ␀ domain ␀ name          u64: the last time that it was due and ran
    p u64 component ␀ domain ␀ name      empty: the same by time, to forget it

One name never runs twice for the same moment or an earlier one, whatever the clock does: what it made then has ids of that
moment. So the last time is remembered for a day, and nothing is set to a moment more than a day ago.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from collector.component import Due
from collector.disk.environment import Transaction
from collector.ledger.interface import TimerKey
from collector.ledger.tables import MAX_KEY_BYTES, U64, Tables, get_u64, key, put_u64, rows

_PENDING, _BY_TIME, _LAST, _FORGET = b"t", b"d", b"f", b"p"
_STEP_NANOS = 1_000_000  # ids hold milliseconds
REMEMBERED_NANOS = 24 * 3600 * 10**9


def check_timer_key(component: str, domain: str, name: str) -> None:
    """Raises `ValueError` for a name that is too long to be stored."""
    room = MAX_KEY_BYTES - 1 - U64.size - len(key(component, domain, b""))
    if not 0 < len(name.encode()) <= room:
        raise ValueError(f"the name of a due time has {len(name.encode())} bytes: there are 1 to {room}, use a hash")


def due(txn: Transaction, tables: Tables, component: str, now_unix_nano: int, limit: int) -> list[Due]:
    """What of a component is due, the earliest first, up to `limit` of it."""
    return list(islice(_until(txn, tables, component, now_unix_nano), limit))


def next_due(txn: Transaction, tables: Tables, component: str, after_unix_nano: int) -> int | None:
    """The first moment behind that one, ns, for which a component is due; None: there is none."""
    prefix = _BY_TIME + key(component, b"")
    first = next(rows(txn, tables.timers, prefix, prefix + U64.pack(after_unix_nano + 1)), None)
    return None if first is None else int(U64.unpack(first[0][len(prefix) :][: U64.size])[0])


def _until(txn: Transaction, tables: Tables, component: str, now_unix_nano: int) -> Iterator[Due]:
    prefix = _BY_TIME + key(component, b"")
    for row_key, _ in rows(txn, tables.timers, prefix):
        at, place = bytes(row_key[len(prefix) :][: U64.size]), bytes(row_key[len(prefix) + U64.size :])
        if U64.unpack(at)[0] > now_unix_nano:
            return
        domain, _, name = place.partition(b"\0")
        yield Due(component, domain.decode(), name.decode(), U64.unpack(at)[0])


def change(
    txn: Transaction, tables: Tables, ran: Sequence[Due], wanted: Mapping[TimerKey, int | None], now_unix_nano: int
) -> None:
    """These ran, and are due no more; then those are due at new times, or (None) not at all."""
    for each in ran:
        name = (each.component, each.domain, each.name)
        if get_u64(txn, tables.timers, _PENDING + key(*name), -1) == each.at_unix_nano:
            _cancel(txn, tables, name)
        _remember(txn, tables, name, each.at_unix_nano)
    for name, at in wanted.items():
        if at is None:
            _cancel(txn, tables, name)
        else:
            last = get_u64(txn, tables.timers, _LAST + key(*name), 0)
            _set(txn, tables, name, max(at, last + _STEP_NANOS, now_unix_nano - REMEMBERED_NANOS))


def forget_old(txn: Transaction, tables: Tables, now_unix_nano: int, limit: int) -> None:
    """No more is known of what ran a day ago."""
    old = []
    for row_key, _ in islice(rows(txn, tables.timers, _FORGET), limit):
        at = U64.unpack(row_key[1 : 1 + U64.size])[0]
        if at >= now_unix_nano - REMEMBERED_NANOS:
            break
        old.append(bytes(row_key))
    for row_key in old:
        txn.delete(row_key, db=tables.timers)
        txn.delete(_LAST + row_key[1 + U64.size :], db=tables.timers)


def has_old(txn: Transaction, tables: Tables, now_unix_nano: int) -> bool:
    """Whether `forget_old` has something to do."""
    first = next(rows(txn, tables.timers, _FORGET), None)
    return first is not None and U64.unpack(first[0][1 : 1 + U64.size])[0] < now_unix_nano - REMEMBERED_NANOS


class Timer(NamedTuple):
    """When something of a component is due, or (`ran`) was due last."""

    name: TimerKey
    at_unix_nano: int
    ran: bool


def each(txn: Transaction, tables: Tables) -> Iterator[Timer]:
    """All that is due some time, and what is remembered of what was."""
    for prefix in (_PENDING, _LAST):
        for row_key, value in rows(txn, tables.timers, prefix):
            component, domain, name = bytes(row_key[len(prefix) :]).decode().split("\0", 2)
            yield Timer((component, domain, name), int(U64.unpack(value)[0]), prefix == _LAST)


def put(txn: Transaction, tables: Tables, timer: Timer) -> None:
    """Write it as it was."""
    (_remember if timer.ran else _set)(txn, tables, timer.name, timer.at_unix_nano)


def names_of(txn: Transaction, tables: Tables, component: str, limit: int) -> list[TimerKey]:
    """Up to `limit` of what is due some time, over all domains of a component."""
    prefix = _PENDING + key(component, b"")
    parts = [
        bytes(row_key[len(prefix) :]).partition(b"\0") for row_key, _ in islice(rows(txn, tables.timers, prefix), limit)
    ]
    return [(component, domain.decode(), name.decode()) for domain, _, name in parts]


def _set(txn: Transaction, tables: Tables, name: TimerKey, at_unix_nano: int) -> None:
    if get_u64(txn, tables.timers, _PENDING + key(*name), -1) != at_unix_nano:
        _cancel(txn, tables, name)
        put_u64(txn, tables.timers, _PENDING + key(*name), at_unix_nano)
        txn.put(_by_time(name, at_unix_nano), b"", db=tables.timers)


def _cancel(txn: Transaction, tables: Tables, name: TimerKey) -> None:
    at = get_u64(txn, tables.timers, _PENDING + key(*name), -1)
    if at >= 0:
        txn.delete(_PENDING + key(*name), db=tables.timers)
        txn.delete(_by_time(name, at), db=tables.timers)


def _remember(txn: Transaction, tables: Tables, name: TimerKey, at_unix_nano: int) -> None:
    last = get_u64(txn, tables.timers, _LAST + key(*name), -1)
    if last >= 0:
        txn.delete(_FORGET + U64.pack(last) + key(*name), db=tables.timers)
    put_u64(txn, tables.timers, _LAST + key(*name), at_unix_nano)
    txn.put(_FORGET + U64.pack(at_unix_nano) + key(*name), b"", db=tables.timers)


def _by_time(name: TimerKey, at_unix_nano: int) -> bytes:
    component, domain, what = name
    return _BY_TIME + key(component, U64.pack(at_unix_nano) + key(domain, what))
