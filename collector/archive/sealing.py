"""Columns whose values stand in an archive encrypted, with keys of their records' domain.

A value is sealed once for each domain that has it in a table (`enc:1:…`, bound to domain and column). Keys of maps, kinds and all other columns
stay as they are: any engine reads the files, and leaves out what it needn't read. A table says in its schema's metadata which columns are sealed,
as a file does in its footer; either all values of a column are, or none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.archive.schema import SCHEMA
from collector.encryption.keys import FIELD, Keys
from collector.errors import Damaged, KeyDestroyed, KeysUnavailable

Encryptable = Literal[
    "body", "attributes", "resource", "scope_attributes", "service_name", "environment", "error_type", "component", "endpoint",
    "pattern_template", "event_name",
]  # fmt: skip
"""By the others records are found, told apart and kept."""
ENCRYPTABLE: Sequence[str] = get_args(Encryptable)
_MARK = b"logboom.encrypted"
_KEY_END = len(FIELD) + 16
_Turn = Callable[[str, str], str]
"""Domain and text → what stands there instead."""


def sealed(table: pa.Table, columns: Sequence[str], keys: Keys) -> pa.Table:
    """The records with the values of these columns encrypted. Raises `KeysUnavailable`, `KeyDestroyed`: nothing was."""
    for name in columns:
        table = _turned(table, name, _sealer(keys, _purpose(name)))
    return marked(table, columns)


def marked(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The table says that these are sealed, and no others."""
    return table.replace_schema_metadata({_MARK: ",".join(columns)} if columns else None)


def encrypted_of(table: pa.Table) -> tuple[str, ...]:
    """The columns that are sealed."""
    said = (table.schema.metadata or {}).get(_MARK, b"").decode()
    return tuple(said.split(",")) if said else ()


class Opening:
    """Opens what is sealed, as far as keys are here; the rest stays as it is, and `told` says why. Not thread-safe.

    Args:
        keys: None: there are none.
        strict: for whoever must see all of it: keys that can't be had raise `KeysUnavailable`. What nobody can open any more stays sealed.
    """

    def __init__(self, keys: Keys | None = None, *, strict: bool = False) -> None:
        self._keys = keys
        self._strict = strict
        self._lost: dict[str, str] = {}
        """Front of texts with a key that can't be had → why."""
        self._stay: Counter[str] = Counter()

    def opened(self, table: pa.Table) -> pa.Table:
        """The records as they were; what stays sealed is text."""
        columns = encrypted_of(table)
        if not columns or not table.num_rows:
            return table
        if self._keys is None:
            self._without_keys(table, columns)
            return table
        for name in columns:
            table = _turned(table, name, self._opener(self._keys, name))
        return marked(table, ())

    def told(self) -> list[str]:
        """A sentence for each reason why values stayed sealed."""
        return [f"{count:,} values stay encrypted: {reason}" for reason, count in sorted(self._stay.items())]

    def _without_keys(self, table: pa.Table, columns: Sequence[str]) -> None:
        reason = f"there are no keys here that open {', '.join(columns)}"
        if self._strict:
            raise KeysUnavailable(reason)
        self._stay[reason] += table.num_rows * len(columns)

    def _opener(self, keys: Keys, column: str) -> _Turn:
        purpose = _purpose(column)

        def opener(domain: str, text: str) -> str:
            reason = self._lost.get(text[:_KEY_END], "")
            if not reason:
                try:
                    return keys.open_text(domain, purpose, text)
                except Damaged as error:
                    reason = str(error)
                except (KeyDestroyed, KeysUnavailable) as error:
                    if self._strict and not isinstance(error, KeyDestroyed):
                        raise
                    reason = self._lost[text[:_KEY_END]] = str(error)
            self._stay[reason] += 1
            return text

        return opener


def _sealer(keys: Keys, purpose: str) -> _Turn:
    return lambda domain, text: keys.seal_text(domain, purpose, text)


def _purpose(column: str) -> str:
    return f"archive.{column}"


def _turned(table: pa.Table, name: str, turn: _Turn) -> pa.Table:
    field = SCHEMA.field(name)
    column = pa.concat_arrays(table.column(name).chunks) if table.num_rows else None
    if column is None:
        return table
    domains = pa.concat_arrays(table.column("domain").chunks).dictionary_encode()
    numbers = domains.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    names = domains.dictionary.to_pylist()
    if pa.types.is_map(field.type):
        made = _map(column, field.type, lambda owner, items: _texts(items, numbers[owner], names, turn))
    else:
        made = _texts(column, numbers, names, turn).cast(field.type)
    return table.set_column(table.schema.get_field_index(name), field, made)


def _map(column: Any, type_: Any, turned: Callable[[Any, Any], Any]) -> Any:
    offsets = column.offsets.to_numpy()
    first, height = int(offsets[0]), int(offsets[-1] - offsets[0])
    owner = np.repeat(np.arange(len(column)), np.diff(offsets))
    items = turned(owner, column.items.slice(first, height)).cast(type_.item_type)
    return pa.MapArray.from_arrays(pa.array(offsets - first, pa.int32()), column.keys.slice(first, height), items)


def _texts(texts: Any, numbers: Any, names: Sequence[str], turn: _Turn) -> Any:
    """Each pair of a domain and a text once."""
    coded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    known = coded.dictionary.to_pylist()
    pairs = pc.add(pa.array(numbers * len(known)), coded.indices.cast(pa.int64())).dictionary_encode()
    made = [turn(names[pair // len(known)], known[pair % len(known)]) for pair in pairs.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(pairs.indices, pa.array(made, pa.large_string()))
