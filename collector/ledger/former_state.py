"""State as older versions kept it, made into state of today: when a partition is opened, a few rows a transaction, so that
a kill between two of them leaves nothing twice and nothing out.

    state               pipeline ␀ processor ␀ key          the domain stood in the key, by convention of each processor
    component_state     component ␀ domain ␀ name

What the domain of a key is, is known here of the processors that there were: `categorize` (values that a domain has, and how
many) and `triage` (matches of counting rules). A count whose group does not say its domain goes on in each of the partition's
domains. Of any other processor the key is kept as it was, under no domain (``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

import xxhash

from collector.disk.environment import Environment, Transaction
from collector.ledger.interface import StateKey
from collector.ledger.state import committed, delete_former, former_value, write_state
from collector.ledger.tables import Tables, names, put_u64, rows

_AT_ONCE = 500  # rows: what is copied and deleted must fit beside what is there
_DIGEST_BYTES = 16
_COUNT_BYTES, _PIPELINE_BYTES = 128, 24  # as `triage` has them


def take_over(environment: Environment, tables: Tables) -> int:
    """Bring state of older versions up to date; how many rows there were."""
    taken = 0
    while True:
        with environment.read() as txn:
            some = islice(rows(txn, tables.state, b""), _AT_ONCE)
            former = [(bytes(row_key), former_value(txn, tables, row_key, row)) for row_key, row in some]
            domains = _domains(txn, tables) if former else ()
        if not former:
            return taken
        with environment.write() as txn:
            for row_key, value in former:
                write_state(txn, tables, _today(txn, tables, row_key, value, domains))
                # What is configured no more is noticed by `roster.enroll_components`.
                put_u64(txn, tables.owners, row_key.split(b"\0", 2)[1], 0)
                delete_former(txn, tables, row_key)
        taken += len(former)


def _domains(txn: Transaction, tables: Tables) -> tuple[str, ...]:
    """Those that a pipeline of the partition has read."""
    return tuple(sorted({names(row_key)[2] for row_key, _ in rows(txn, tables.cursors, b"")}))


def _today(
    txn: Transaction, tables: Tables, row_key: bytes, value: bytes, domains: tuple[str, ...]
) -> Mapping[StateKey, bytes]:
    pipeline, processor, name = row_key.split(b"\0", 2)
    component = processor.decode()
    if name.startswith(b"value/"):
        return _admitted(txn, tables, component, name, value)
    if name.startswith(b"number/"):
        return {}  # the values are counted as they come
    if name.startswith(b"count/"):
        return {(component, domain, held): value for domain, held in _counted(pipeline.decode(), name, domains)}
    return {(component, "", name): value}


def _admitted(txn: Transaction, tables: Tables, component: str, name: bytes, value: bytes) -> Mapping[StateKey, bytes]:
    """`value/<category>/<domain>/<digest>`. Pipelines with the same processor share its state now: the later day counts."""
    _, category, rest = name.split(b"/", 2)
    domain, digest = rest[: -_DIGEST_BYTES - 1].decode(), rest[-_DIGEST_BYTES:]
    held = (component, domain, b"value/" + category + b"/" + digest)
    before = committed(txn, tables, held)
    if before is not None:
        return {held: max(before, value, key=int)}
    number = (component, domain, b"number/" + category)
    return {held: value, number: b"%d" % (int(committed(txn, tables, number) or 0) + 1)}


def _counted(pipeline: str, name: bytes, domains: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """`count/<rule>/<values of the group, or a hash of them>`: for each domain of the count its name as it is now. Rules and
    values may hold a slash, so only a known domain tells where the values of a long group begin; without one it starts anew."""
    counted = name.removeprefix(b"count/").decode(errors="replace")
    own = [(domain, found.start(1)) for domain in domains if (found := _part(domain).search(counted))]
    for domain, begins in own[:1] or [(domain, 0) for domain in domains]:
        if len(counted.encode()) <= _COUNT_BYTES:
            yield domain, _count_name(pipeline, counted)
        elif begins and counted[begins - 1] == "/":
            digest = xxhash.xxh3_128_hexdigest(counted[begins:].encode())
            yield domain, _count_name(pipeline, counted[:begins] + digest)


def _part(domain: str) -> re.Pattern[str]:
    """The domain as one of the values of a group."""
    return re.compile(f"[/\\x1f]({re.escape(domain)})(?=\\x1f|$)")


def _count_name(pipeline: str, counted: str) -> bytes:
    short = pipeline if len(pipeline.encode()) <= _PIPELINE_BYTES else xxhash.xxh3_64_hexdigest(pipeline.encode())
    return f"count/{short}/{counted}".encode()
