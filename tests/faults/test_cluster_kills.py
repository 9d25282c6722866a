"""Three logbooms on one Kafka under deaths of all kinds: what was acknowledged is stored once, and what is known is what one machine alone would know."""

from __future__ import annotations

import os
import random
import signal
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.cluster.offline import desk_of
from collector.cluster.options import KafkaLedgerConfig
from collector.scope import Scope
from collector.testing.service import Service
from counterparts.cluster_state import Kept, kept_on_disk, restored
from counterparts.clustered import DOMAINS, PARTITIONS, PREFIX, Cluster, Node, cluster, configuration
from counterparts.keyed_sink import KeyedSink
from counterparts.resending import Resending, Sent

ROUNDS = int(os.environ.get("LOGBOOM_FAULT_ROUNDS", "6"))
SEED = int(os.environ.get("LOGBOOM_SEED", "20401"))
LONG_FORM = ROUNDS >= 20
APART_SECS = float(os.environ.get("LOGBOOM_FAULT_APART", "0"))
"""So long after a fault nothing else befalls anybody: how long each alone makes a partition wait. 0: they overlap."""
SESSION_SECS = 10 if LONG_FORM or APART_SECS else 6
PAUSE_SECS = 0.03 if LONG_FORM else 0.1
NODES = 3
_LONG_SECS = SESSION_SECS + (2 if LONG_FORM else 1)
_BETWEEN_SECS = (0.5, 2.5) if LONG_FORM else (0.3, 1.2)

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600 + 60 * ROUNDS)]


def kill_all_of_it(made: Cluster, node: Node, draw: random.Random) -> None:
    del made, draw
    node.service.kill()


def kill_a_child(made: Cluster, node: Node, draw: random.Random) -> None:
    del made
    if children := node.service.children():
        draw.choice(children).kill()


def stand_still(made: Cluster, node: Node, draw: random.Random) -> None:
    """A machine that stops for longer than its session, and goes on as if nothing had been."""
    del made, draw
    node.signal(signal.SIGSTOP)
    time.sleep(_LONG_SECS)
    node.signal(signal.SIGCONT)


def cut_the_network(made: Cluster, node: Node, draw: random.Random) -> None:
    del made
    silently = draw.random() < 0.5
    node.proxy.cut(silently=silently)
    time.sleep(_LONG_SECS if silently else 3)
    node.proxy.mend()


def leave_and_come_back(made: Cluster, node: Node, draw: random.Random) -> None:
    del made, draw
    if node.ready:  # one that is about to start knows no signals yet
        assert node.service.terminate() == 0, node.service.log.read_text()[-3000:]


def restart_the_broker(made: Cluster, node: Node, draw: random.Random) -> None:
    del node, draw
    made.kafka.kill()
    made.kafka.start()


def pause_the_broker(made: Cluster, node: Node, draw: random.Random) -> None:
    del node
    made.kafka.pause()
    time.sleep(draw.choice([2, _LONG_SECS]))
    made.kafka.resume()


Befall = Callable[[Cluster, Node, random.Random], None]
OF_A_NODE: list[Befall] = [kill_all_of_it, stand_still, leave_and_come_back, kill_a_child, cut_the_network]
OF_THE_BROKER: list[Befall] = [restart_the_broker, pause_the_broker]


def befalls(draw: random.Random, rounds: int) -> Iterator[Befall]:
    """Each kind in turn, in a new order each time; the broker's less often."""
    while rounds > 0:
        turn = [*OF_A_NODE, draw.choice(OF_THE_BROKER)]
        draw.shuffle(turn)
        yield from turn[:rounds]
        rounds -= len(turn)


Span = tuple[float, float]


def run_rounds(made: Cluster, senders: Resending, draw: random.Random) -> tuple[list[Span], dict[str, Span]]:
    """Something befalls a node, or the broker, again and again; when no broker answered, and when what happened."""
    outages, happened = [], {}
    for turn, befall in enumerate(befalls(draw, ROUNDS)):
        time.sleep(APART_SECS or draw.uniform(*_BETWEEN_SECS))
        node, began = draw.choice(made.nodes), time.monotonic()
        befall(made, node, draw)
        span = began, time.monotonic()
        if befall in OF_THE_BROKER:
            outages.append(span)
        happened[f"{turn} {befall.__name__} {node.name}"] = span
        for each in made.nodes:
            each.start()
    time.sleep(APART_SECS)
    return outages, happened


def settle(made: Cluster, secs: float = 180.0) -> None:
    """Until each node has its share of the partitions again, and each partition one owner."""
    deadline, each = time.monotonic() + secs, PARTITIONS // len(made.nodes)
    while True:
        for node in made.nodes:
            node.start()
        shares = [node.partitions for node in made.nodes]
        owned = sorted(number for share in shares for number in share)
        if owned == list(range(PARTITIONS)) and all(each <= len(share) <= each + 1 for share in shares):
            return
        assert time.monotonic() < deadline, f"who has which partitions: {shares}\n{made.logs()}"
        time.sleep(0.2)


def drain(made: Cluster, sent: Sent, secs: float = 180.0) -> None:
    """Until everything that was acknowledged has come. What was alone in hand at three deaths is replayed, as an operator would."""
    deadline = time.monotonic() + secs
    while missing := sent.acknowledged.keys() - made.sink.numbers().keys():
        assert time.monotonic() < deadline, (
            f"{len(missing)} of {len(sent.acknowledged)} never came: {sorted(missing)[:5]}\n{made.logs()}"
        )
        for node in made.nodes:
            node.start()
        time.sleep(0.5)
        desk = desk_of(made.nodes[0].service.data, Scope.everything())
        if poisoned := [letter for letter in desk.letters() if letter.info.reason == "poison"]:
            desk.request("replay", poisoned)


def longest_pause(sent: Sent, sink: KeyedSink, outages: list[Span], happened: dict[str, Span]) -> str:
    """The longest from an acknowledgement to the delivery, of what was not on its way while no broker answered; and what happened then."""
    waits = {
        (at, sink.came[number])
        for number, at in sent.acknowledged.items()
        if not any(began < sink.came[number] and at < ended for began, ended in outages)
    }
    at, came = max(waits, key=lambda span: span[1] - span[0], default=(0.0, 0.0))
    meanwhile = [name for name, (began, ended) in happened.items() if began < came and at < ended]
    return f"{came - at:.1f} s ({', '.join(meanwhile)})"


def pauses(sent: Sent, sink: KeyedSink, happened: dict[str, Span]) -> str:
    """Of faults that are apart: the longest from an acknowledgement to the delivery, of what was acknowledged until the next one began."""
    begins = [began for began, _ in happened.values()]
    waits = [0.0] * len(begins)
    for number, at in sent.acknowledged.items():
        turn = bisect_right(begins, at + 1.0) - 1  # what was on its way when it happened is its own, too
        if turn >= 0:
            waits[turn] = max(waits[turn], sink.came[number] - at)
    return "\n".join(f"{wait:5.1f} s behind {name}" for name, wait in zip(happened, waits, strict=True))


def told(sink: KeyedSink) -> Counter[str]:
    """Group of alerts → how many different notifications it had; of the domains that send."""
    return Counter(
        group
        for group, _ in {
            (f"{call['groupLabels']['domain']}/{call['groupLabels']['service']}", call["logboom"]["id"])
            for call in sink.calls
        }
        if group.partition("/")[0] in DOMAINS
    )


def judged(sink: KeyedSink) -> dict[int, tuple[object, ...]]:
    """Number of a record → what processors found of it."""
    return {
        int(each["attributes"]["n"]): tuple(
            each["attributes"].get(name) for name in ("logboom.pattern.id", "logboom.issue.id", "logboom.triage.level")
        )
        for each in sink.records.values()
        if "n" in each.get("attributes", {})
    }


@contextmanager
def alone(folder: Path, sent: Sent) -> Iterator[tuple[KeyedSink, Callable[[], Kept]]]:
    """One machine without Kafka, which was sent the same."""
    with KeyedSink() as sink:
        service = Service(folder, config=configuration(sink.url, None))
        with service:
            senders = Resending([service.http], DOMAINS, threads=0)
            senders.repeat(sent.bodies)
            deadline = time.monotonic() + 120
            while len(sink.numbers()) < len(sent.acknowledged):
                assert time.monotonic() < deadline, service.log.read_text()[-3000:]
                time.sleep(0.2)
            time.sleep(2)
            assert service.terminate() == 0
        yield sink, lambda: kept_on_disk(sorted((service.data / "partition").iterdir()), DOMAINS)


def check(made: Cluster, sent: Sent, folder: Path) -> None:
    """Everything once, in each account; and what is known is what one machine would know."""
    numbers = made.sink.numbers()
    assert numbers.keys() == sent.acknowledged.keys()
    doubled = {number: times for number, times in numbers.items() if times > 1}
    assert not doubled, f"{len(doubled)} numbers are there under several record ids: {sorted(doubled)[:5]}"
    options = KafkaLedgerConfig.model_validate({"brokers": [made.kafka.address], "prefix": PREFIX})
    kept = kept_on_disk(restored(options, PARTITIONS, folder / "restored"), DOMAINS)
    by_domain: Counter[str] = Counter()
    for each in made.sink.records.values():
        if "n" in each.get("attributes", {}):
            by_domain[each["domain"]] += 1
    assert {domain: records for domain, records in kept.taken("logs").items() if domain in DOMAINS} == by_domain
    (folder / "alone").mkdir()
    with alone(folder / "alone", sent) as (sink, others):
        assert judged(made.sink) == judged(sink)
        assert kept.issues == others().issues
        assert kept.patterns == others().patterns
        assert told(made.sink) == told(sink)
        assert set(told(sink).values()) == {1}


def test_what_was_acknowledged_is_stored_once_whatever_dies(tmp_path: Path) -> None:
    draw = random.Random(SEED)
    with cluster(tmp_path, NODES, SESSION_SECS) as made:
        made.start()
        senders = Resending([node.service.http for node in made.nodes], DOMAINS, pause_secs=PAUSE_SECS)
        senders.start()
        outages, happened = run_rounds(made, senders, draw)
        settle(made)  # and what is sent until then, and behind it, is processed by those
        time.sleep(1)
        senders.stop()
        drain(made, senders.sent)
        time.sleep(2)
        assert not senders.sent.problems
        pause = longest_pause(senders.sent, made.sink, outages, happened)
        print(
            f"\n{len(happened)} times: {len(senders.sent.acknowledged)} records, {senders.sent.refusals} refusals, longest pause {pause}"
        )
        if APART_SECS:
            print(pauses(senders.sent, made.sink, happened))
        for node in made.nodes:
            node.start()
        assert [node.service.terminate() for node in made.nodes] == [0] * NODES, made.logs()
        check(made, senders.sent, tmp_path)


def test_machines_are_restarted_one_after_the_other_and_nobody_loses_anything(tmp_path: Path) -> None:
    """What an upgrade is: no answer means that data is lost to a sender that repeats what it is told to repeat."""
    with cluster(tmp_path, NODES if LONG_FORM else 2, SESSION_SECS) as made:
        made.start()
        senders = Resending([node.service.http for node in made.nodes], DOMAINS, pause_secs=PAUSE_SECS)
        senders.start()
        happened = {}
        for node in made.nodes:
            began = time.monotonic()
            assert node.service.terminate() == 0, made.logs()
            node.start()
            node.service.await_ready()
            happened[node.name] = began, time.monotonic()
        senders.stop()
        drain(made, senders.sent)
        assert not senders.sent.problems
        numbers = made.sink.numbers()
        assert numbers.keys() == senders.sent.acknowledged.keys()
        assert max(numbers.values()) == 1
        pause = longest_pause(senders.sent, made.sink, [], happened)
        print(
            f"\n{len(numbers)} records, the slowest request took {senders.sent.longest_secs:.1f} s, longest pause {pause}"
        )
