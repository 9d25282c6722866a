"""Topics of generations that count no more, or never did."""

from __future__ import annotations

from collector.cluster.generation import Generation
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.topics import NAMES
from collector.errors import StorageError
from collector.kafka.wire import Place, Wire


def leftovers(wire: Wire, options: KafkaLedgerConfig, found: Generation) -> list[str]:
    """Their names; those in which all generations tell stay, and those of the highest number that was given: somebody may be making them
    before a move is under way. Raises `Unreachable`."""
    names = [
        options.of_generation(number).topic(name)
        for number in range(1, found.tried + 1)
        for name in NAMES
        if number not in (found.number, found.tried)
    ]
    admin = wire.admin()
    try:
        return sorted(admin.topics([name for name in names if name != options.root_topic]))
    finally:
        admin.close()


def delete(wire: Wire, options: KafkaLedgerConfig, found: Generation) -> None:
    """Delete them.

    Raises:
        StorageError: something was accepted behind the end of an old one.
        Unreachable: no broker answers.
    """
    left = leftovers(wire, options, found)
    if late := _late(wire, found, left):
        raise StorageError(
            f"{late} records were put behind the ends of the old topics, by a machine that stood still while the cluster moved: they are in no "
            f"store. Look at {', '.join(sorted({name.rpartition('/')[0] for name in found.ends}))}, and delete them with the brokers' own tools"
        )
    admin = wire.admin()
    try:
        admin.delete(left)
    finally:
        admin.close()


def _late(wire: Wire, found: Generation, left: list[str]) -> int:
    ends = {Place(name.rpartition("/")[0], int(name.rpartition("/")[2])): end for name, end in found.ends.items()}
    admin = wire.admin()
    try:
        bounds = admin.bounds([place for place in ends if place.topic in left])
    finally:
        admin.close()
    return sum(max(0, end - ends[place]) for place, (_, end) in bounds.items())
