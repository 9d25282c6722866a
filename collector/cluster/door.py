"""The door of an ingest slot in a cluster: whether it takes what is sent, as the cluster's generation says.

    <prefix>.status/0, key doors/<instance>/<slot> = {"generation", "version", "number", "shut"}      each two seconds; null: it has closed

`shut` is the generation for which the door is shut, once nothing is under way behind it: whoever moves the cluster waits until all are. A door
answers nobody while it does not hear its own number back: what is shut without it, it would not know. One that nobody hears of is taken for
dead after `DEAD_SECS`, far more than `DEAF_SECS`, after which it tells nobody any more that something was taken.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from collector.cluster.generation import KEY, LEASE_SECS, Deciding, Generation, Move, read_generation
from collector.cluster.options import KafkaLedgerConfig
from collector.errors import LogboomError, StorageError
from collector.kafka.wire import AtEnd, Message, NewRecord, OutOfRange, Place, Reader, Refused, Unreachable, Wire
from collector.release import release

_log = logging.getLogger("logboom.cluster")
PREFIX = b"doors/"
TELL_SECS, READ_SECS = 2.0, 0.5
DEAF_SECS, DEAD_SECS = 20.0, 60.0
_OPEN_SECS, _JOIN_SECS, _AT_ONCE = 15.0, 5.0, 500
MOVING = "the cluster moves to another number of partitions: come again"


@dataclass(frozen=True, slots=True)
class Told:
    """What a door tells."""

    generation: int
    version: str
    number: int
    shut: int

    @classmethod
    def parsed(cls, text: bytes) -> Told:
        """Raises `ValueError`: it is none."""
        told = orjson.loads(text)
        if not isinstance(told, dict):
            raise ValueError("no door")
        return cls(int(told["generation"]), str(told["version"]), int(told["number"]), int(told["shut"]))

    def packed(self) -> bytes:
        """As it stands in the topic."""
        return orjson.dumps(
            {"generation": self.generation, "version": self.version, "number": self.number, "shut": self.shut}
        )


class Door:
    """See the module. One thread of its own.

    Args:
        name: of the machine and the slot.
        under_way: how many requests have no answer yet.
        on_fatal: told once when nobody can hear any more what the cluster does.
    """

    def __init__(
        self,
        wire: Wire,
        options: KafkaLedgerConfig,
        name: str,
        on_fatal: Callable[[StorageError], None],
        under_way: Callable[[], int] = lambda: 0,
    ) -> None:
        self.under_way = under_way
        self._wire, self._options = wire, options
        self._place, self._key = Place(options.root_topic, 0), PREFIX + name.encode()
        self._on_fatal = on_fatal
        self._told: dict[int, float] = {}
        self._number = 0
        self._sure_at = float("-inf")
        self._told_at, self._told_shut = float("-inf"), 0
        self._generation = Generation(options.generation)
        self._heard_at = time.monotonic()
        self._opened = threading.Event()
        self._closing = threading.Event()
        self._reader: Reader | None = None
        self._thread = threading.Thread(target=self._run, name="door", daemon=True)
        self._thread.start()

    def await_opening(self, secs: float = _OPEN_SECS) -> None:
        """Until it knows what is true, or for so long: while the brokers are away it refuses, as it does later when they go away."""
        self._opened.wait(secs)

    @property
    def refusal(self) -> str:
        """Why nothing is taken; empty: it is open. From any thread."""
        if self._is_shut:
            return MOVING
        return "the brokers were not heard of for a while" if self.is_deaf else ""

    @property
    def generation(self) -> int:
        """That counts by now, as far as it is heard."""
        return self._generation.number

    def close(self) -> None:
        """Nothing is taken and nothing is under way any more; safe twice."""
        self._closing.set()
        if self._reader is not None:
            self._reader.wake()
        self._thread.join(_JOIN_SECS)

    @property
    def _is_shut(self) -> bool:
        return self._generation.move is not None or self._generation.number != self._options.generation

    @property
    def is_deaf(self) -> bool:
        """Whether the cluster may have shut it without its knowledge. From any thread."""
        return not self._opened.is_set() or time.monotonic() - self._sure_at > DEAF_SECS

    # --- its own thread

    def _run(self) -> None:
        sender = reader = None
        try:
            sender = self._wire.sender("door")
            self._reader = reader = self._wire.reader("door", prompt=True)
            reader.follow({self._place: 0})
            while not self._closing.is_set():
                self._tell(sender.send)
                self._hear(reader)
                self._look_after_the_mover()
            sender.send(NewRecord(self._place, self._key, None), _ended)
        except Exception as error:  # noqa: BLE001  whatever ends the thread, the process must know
            _log.error("what becomes of the cluster is not heard any more: %s", error)
            self._on_fatal(error if isinstance(error, StorageError) else StorageError(f"door: {error!r}"))
        finally:
            if sender is not None:
                sender.close(2.0)
            if reader is not None:
                reader.close()

    def _tell(self, send: Callable[[NewRecord, Callable[[Refused | None, int], None]], None]) -> None:
        now, shut = time.monotonic(), self._shut_for()
        if now - self._told_at < TELL_SECS and shut == self._told_shut:
            return
        self._told_at, self._told_shut, self._number = now, shut, self._number + 1
        self._told = {number: at for number, at in self._told.items() if now - at <= 2 * DEAF_SECS}
        self._told[self._number] = now
        told = Told(self._options.generation, release(), self._number, shut)
        send(NewRecord(self._place, self._key, told.packed()), _ended)

    def _shut_for(self) -> int:
        move = self._generation.move
        if move is None or self.under_way():
            return 0
        return move.generation

    def _hear(self, reader: Reader) -> None:
        try:
            for each in reader.read(_AT_ONCE, READ_SECS):
                if isinstance(each, AtEnd):
                    if not self._opened.is_set():
                        self._sure_at = time.monotonic()
                        self._opened.set()
                elif each.key == KEY and each.value:
                    self._take(Generation.parsed(each.value))
                elif each.key == self._key and each.value:
                    self._recognize(each)
        except OutOfRange as gone:
            reader.follow({gone.place: gone.begins})
        except Unreachable as error:
            _log.debug("the cluster is not heard of: %s", error)
            self._closing.wait(READ_SECS)

    def _take(self, generation: Generation) -> None:
        was_shut, self._generation, self._heard_at = self._is_shut, generation, time.monotonic()
        if self._is_shut != was_shut and self._opened.is_set():
            _log.warning("%s", MOVING if self._is_shut else "the cluster stays as it is: what is sent is taken again")

    def _recognize(self, message: Message) -> None:
        """What it told itself is back: it has heard all that came before."""
        try:
            number = Told.parsed(message.value or b"").number
        except (ValueError, KeyError, TypeError):
            return
        self._sure_at = max(self._sure_at, self._told.pop(number, float("-inf")))

    def _look_after_the_mover(self) -> None:
        """One that is not heard of any more keeps no doors shut."""
        move = self._generation.move
        if move is None or self._generation.number != self._options.generation:
            return
        if time.monotonic() - self._heard_at > LEASE_SECS:
            self._heard_at = time.monotonic()
            give_up(self._wire, self._options, move)


def give_up(wire: Wire, options: KafkaLedgerConfig, move: Move) -> bool:
    """Let the doors open again in the generation that counts: of whoever makes that move nobody has heard since. False: something was
    heard, or the brokers do not answer. It is looked at before it is claimed, for a claim alone ends what is under way."""
    try:
        if read_generation(wire, options).move != move:
            return False
        deciding = Deciding(wire, options)
        try:
            found = deciding.claim()
            if found.move != move:
                return False
            deciding.tell(found.given_up())
        finally:
            deciding.close()
    except LogboomError as error:
        _log.debug("the move to generation %d is not given up now: %s", move.generation, error)
        return False
    _log.warning(
        "the move to generation %d is given up: who moved the cluster was not heard of any more", move.generation
    )
    return True


def _ended(refused: Refused | None, offset: int) -> None:
    del offset
    if refused is not None:
        _log.debug("a door was not told of: %s", refused)


def doors_of(messages: Mapping[bytes, Message]) -> Mapping[str, tuple[Told, int]]:
    """Door → (what it told last, when: ms since the epoch), of what stands in the topic by key."""
    found = {}
    for key, message in messages.items():
        if key.startswith(PREFIX) and message.value:
            try:
                found[key.removeprefix(PREFIX).decode()] = Told.parsed(message.value), message.unix_ms
            except (ValueError, KeyError, TypeError):
                continue
    return found
