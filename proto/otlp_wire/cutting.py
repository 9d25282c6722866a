"""A part of a payload: so that one of very many records is decoded a piece at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from otlp_wire.decoding import Undecodable
from otlp_wire.messages import DecodeError, ExportLogsServiceRequest


def cut(body: bytes, first: int, count: int | None) -> bytes:
    """The request with `count` of its records, from the one at position `first` on (None: all from there), in wire order;
    groups that hold none of them are left out.

    upb parses the whole and drops what is not wanted, without a step for each record.

    Raises:
        Undecodable: not a valid request.
    """
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise Undecodable(str(error)) from None
    _cut_groups(request.resource_logs, _Window(first, count))
    return bytes(request.SerializeToString())


@dataclass(slots=True)
class _Window:
    """How many records are still to be skipped, and how many to be kept after those (None: all)."""

    skip: int
    keep: int | None

    def takes(self, held: int) -> bool:
        """Whether all of a group's records, which follow next, are wanted; they count as kept then."""
        if self.skip or (self.keep is not None and held > self.keep):
            return False
        if self.keep is not None:
            self.keep -= held
        return True

    def cut(self, records: Any) -> None:
        """Leave the wanted ones in the list."""
        held = len(records)
        end = held if self.keep is None else min(held, self.skip + self.keep)
        if self.keep is not None:
            self.keep -= end - self.skip
        del records[end:]
        del records[: self.skip]
        self.skip = 0


def _cut_groups(groups: Any, window: _Window) -> None:
    """Leave the groups that hold wanted records, and those between them; cut the first and the last inside."""
    first = end = 0
    for position, group in enumerate(groups):
        if window.keep == 0:
            break
        held = _records(group)
        if held <= window.skip:
            window.skip -= held
            first = first if end else position + 1
            continue
        if not window.takes(held):
            if hasattr(group, "scope_logs"):
                _cut_groups(group.scope_logs, window)
            else:
                window.cut(group.log_records)
        end = position + 1
    del groups[end:]
    del groups[: min(first, end)]


def _records(group: Any) -> int:
    """Of a resource or a scope."""
    if hasattr(group, "scope_logs"):
        return sum(len(scope.log_records) for scope in group.scope_logs)
    return len(group.log_records)
