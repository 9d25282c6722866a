"""Dead letters: what no exporter will take or no decoder can read, kept with its reason until somebody decides.

    owner `exporter/<id>`    records that the destination rejected, as a batch; replay gives them back to that exporter
    owner `pipeline/<id>`    a payload that could not be processed, raw, or records that a connector fed to the pipeline, as a
                             batch; replay gives them back to that pipeline alone
    owner `connector/<pipeline>/<id>`    records that a connector behind that pipeline could not take; replay offers them again

Only the owner of the partition changes them. Others write a request, which the worker takes up at its next
`maintain`; the answer to a request is that the dead letter is gone. A replay is one transaction with the deletion, so
it happens once, however often the request is read.

    <partition>/requests/<unique>.json      {"action": "replay" | "delete", "ids": [id…]}

They may take an eighth of the partition's budget; beyond, the oldest are given up, counted under
`dead_letters/<owner>` as `dropped:dead_letters_full`: those of domains under a legal hold last, and said in the log. What is older than
it is kept goes as `dropped:dead_letters_expired` (`letter_ages`).
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

import orjson

from collector.disk.chunks import delete_chunks, get_chunks, put_chunks
from collector.disk.environment import Transaction
from collector.errors import storage_error
from collector.ledger.counts import add_counts
from collector.ledger.interface import ERASED
from collector.ledger.plan import LetterAges
from collector.ledger.tables import U64, Tables, get_u64, put_u64, rows
from collector.outcomes import Counts, Outcome

Action = Literal["replay", "delete"]
_NEXT, _BYTES = b"next_dead", b"dead_bytes"
_REPLAY = b"replay "
_log = logging.getLogger("logboom.ledger")


@dataclass(frozen=True, slots=True)
class DeadLetterInfo:
    """One dead letter without its content. `id` is unique in its partition; `raw`: a payload, not a batch."""

    id: int
    owner: str
    pipeline: str
    reason: str
    records: int
    by_domain: Mapping[str, int]
    size_bytes: int
    created_unix_ms: int
    raw: bool = False


@dataclass(frozen=True, slots=True)
class NewDeadLetter:
    """A dead letter before it has its id."""

    owner: str
    pipeline: str
    reason: str
    by_domain: Mapping[str, int]
    content: bytes
    raw: bool = False


def bury(
    txn: Transaction,
    tables: Tables,
    letters: Sequence[NewDeadLetter],
    now_unix_ms: int,
    max_bytes: int,
    ages: LetterAges,
) -> None:
    """Keep new dead letters, and give up the oldest beyond `max_bytes`; those under a hold last."""
    for letter in letters:
        number = get_u64(txn, tables.partition, _NEXT)
        put_u64(txn, tables.partition, _NEXT, number + 1)
        info = DeadLetterInfo(
            number, letter.owner, letter.pipeline, letter.reason, sum(letter.by_domain.values()), letter.by_domain,
            len(letter.content), now_unix_ms, letter.raw,
        )  # fmt: skip
        put_chunks(txn, tables.dead, U64.pack(number), orjson.dumps(asdict(info)))
        put_chunks(txn, tables.dead_content, U64.pack(number), letter.content)
        _add_bytes(txn, tables, info.size_bytes)
    while letters and get_u64(txn, tables.partition, _BYTES) > max_bytes:
        _give_up_one(txn, tables, ages)


def bury_for_replay(
    txn: Transaction, tables: Tables, letter: NewDeadLetter, now_unix_ms: int, max_bytes: int, ages: LetterAges
) -> None:
    """Keep what is left of a dead letter that is being replayed."""
    number = get_u64(txn, tables.partition, _NEXT)
    bury(txn, tables, [letter], now_unix_ms, max_bytes, ages)
    txn.put(_REPLAY + U64.pack(number), b"", db=tables.partition)


def dead_letter(txn: Transaction, tables: Tables, number: int) -> DeadLetterInfo | None:
    """One of them, None when it is gone."""
    text = get_chunks(txn, tables.dead, U64.pack(number))
    return None if text is None else DeadLetterInfo(**orjson.loads(text))


def dead_letters(txn: Transaction, tables: Tables, owner: str | None = None, limit: int = 1000) -> list[DeadLetterInfo]:
    """The oldest `limit`, of one owner or of all."""
    theirs = (info for info in each_letter(txn, tables) if owner in (None, info.owner))
    return list(islice(theirs, limit))


def each_letter(txn: Transaction, tables: Tables) -> Iterator[DeadLetterInfo]:
    """All of them, the oldest first."""
    for row_key, _ in rows(txn, tables.dead, b""):
        info = dead_letter(txn, tables, U64.unpack(row_key[:8])[0]) if row_key.endswith(b"\0\0\0\0") else None
        if info is not None:
            yield info


def dead_content(txn: Transaction, tables: Tables, number: int) -> bytes:
    """Its content, as `codec` wrote it."""
    return get_chunks(txn, tables.dead_content, U64.pack(number)) or b""


def exhume(txn: Transaction, tables: Tables, info: DeadLetterInfo) -> None:
    """Take it out: it is replayed or deleted in this transaction."""
    txn.delete(_REPLAY + U64.pack(info.id), db=tables.partition)
    delete_chunks(txn, tables.dead, U64.pack(info.id))
    delete_chunks(txn, tables.dead_content, U64.pack(info.id))
    _add_bytes(txn, tables, -info.size_bytes)


def rewrite(txn: Transaction, tables: Tables, info: DeadLetterInfo, content: bytes) -> None:
    """Put another content, and what is known of it, in the place of one: records of it were erased."""
    delete_chunks(txn, tables.dead, U64.pack(info.id))
    put_chunks(txn, tables.dead, U64.pack(info.id), orjson.dumps(asdict(replace(info, size_bytes=len(content)))))
    delete_chunks(txn, tables.dead_content, U64.pack(info.id))
    put_chunks(txn, tables.dead_content, U64.pack(info.id), content)
    _add_bytes(txn, tables, len(content) - info.size_bytes)


def mark_for_replay(txn: Transaction, tables: Tables, info: DeadLetterInfo) -> None:
    """One that the pipeline's next `read` hands out; the commit of that read takes it out."""
    txn.put(_REPLAY + U64.pack(info.id), b"", db=tables.partition)


def unmark(txn: Transaction, tables: Tables, number: int) -> None:
    """It can't be tried again, and stays."""
    txn.delete(_REPLAY + U64.pack(number), db=tables.partition)


def marked_for_replay(txn: Transaction, tables: Tables) -> list[DeadLetterInfo]:
    """Dead letters that wait for their pipeline's next `read`."""
    ids = [U64.unpack(row_key[len(_REPLAY) :])[0] for row_key, _ in rows(txn, tables.partition, _REPLAY)]
    return [info for info in (dead_letter(txn, tables, number) for number in ids) if info is not None]


def erased(info: DeadLetterInfo, by_domain: Mapping[str, int]) -> Counts:
    """What is counted for records of it whose key was destroyed."""
    outcome = f"{Outcome.DROPPED}:{ERASED}"
    return Counts({(domain, f"dead_letters/{info.owner}", outcome): records for domain, records in by_domain.items()})


def request(partition: Path, action: Action, ids: Sequence[int]) -> None:
    """Ask the partition's owner to replay or delete dead letters; any process may.

    Raises:
        StorageError: the request can't be written; nothing of it is left behind.
    """
    folder = partition / "requests"
    draft = folder / f".{secrets.token_hex(8)}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        draft.touch(mode=0o600)
        with draft.open("wb") as stream:
            stream.write(orjson.dumps({"action": action, "ids": list(ids)}))
            stream.flush()
            os.fsync(stream.fileno())
        draft.rename(folder / f"{draft.name[1:]}.json")
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise storage_error(f"{folder}: the request can't be written", error) from error


def asked(partition: Path) -> bool:
    """Whether there may be requests; costs a look at a directory."""
    try:
        with os.scandir(partition / "requests") as files:
            return any(True for _ in files)
    except OSError:
        return False


def requests(partition: Path) -> list[tuple[Path, Action, list[int]]]:
    """The requests that wait; a file that is not one is ignored."""
    found: list[tuple[Path, Action, list[int]]] = []
    for path in sorted((partition / "requests").glob("*.json")):
        try:
            asked = orjson.loads(path.read_bytes())
            found.append((path, asked["action"], [int(number) for number in asked["ids"]]))
        except (OSError, ValueError, KeyError, TypeError):
            found.append((path, "delete", []))
    return found


def give_up(txn: Transaction, tables: Tables, info: DeadLetterInfo, why: str) -> None:
    """Take it out; its records count as dropped."""
    exhume(txn, tables, info)
    outcome = f"{Outcome.DROPPED}:{why}"
    lost = {(domain, f"dead_letters/{info.owner}", outcome): records for domain, records in info.by_domain.items()}
    add_counts(txn, tables.counts, Counts(lost))


def _give_up_one(txn: Transaction, tables: Tables, ages: LetterAges) -> None:
    """The oldest that may go, else the oldest."""
    info = next((each for each in each_letter(txn, tables) if not ages.reason(each.by_domain)), None)
    if info is None:
        info = next(each_letter(txn, tables))
        why = ages.reason(info.by_domain)
        _log.warning("dead letter %d is under a legal hold (%s), and given up: there is no room", info.id, why)
    give_up(txn, tables, info, "dead_letters_full")


def _add_bytes(txn: Transaction, tables: Tables, delta: int) -> None:
    put_u64(txn, tables.partition, _BYTES, get_u64(txn, tables.partition, _BYTES) + delta)
