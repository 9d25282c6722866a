"""Requests in flight follow what the destination takes: fewer after push-back, more after success, never none."""

from __future__ import annotations

import asyncio

import pytest

from collector.delivery.concurrency import Concurrency
from collector.delivery.config import DeliveryConfig
from collector.outcomes import Blocked, Ok, Reject, Retry
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch
from collector.testing.virtual_time import run_virtual


def config(consumers=10, **options):
    queue = {"num_consumers": consumers, "batch": {"min_size": 0}}
    return DeliveryConfig.model_validate({"sending_queue": queue, **options})


class Crowded(ScriptedExporter):
    """Takes `room` requests at once, and answers 429 to any more, at once."""

    def __init__(self, room, latency_secs=0.1, after_secs=None):
        super().__init__(latency_secs=latency_secs)
        self.room, self.after_secs = room, after_secs
        self.inside, self.refusals, self.taken = 0, [], []

    async def send(self, request):
        now = asyncio.get_running_loop().time()
        if self.inside >= self.room:
            self.refusals.append(now)
            await asyncio.sleep(0.01)
            return [Retry("429", after_secs=self.after_secs, throttled=True)]
        self.inside += 1
        try:
            await super().send(request)
        finally:
            self.inside -= 1
        self.taken += request.column("body").to_list()
        return [Ok()]


def limits(rig, exporter, entries, seconds, options):
    """Deliver entries of one record each; gives the ledger and the limit at the end."""
    one, seen = rig("x"), []
    for n in range(entries):
        one.ledgers[0].put(text_batch([f"{n}"]))
    one.run({"x": (exporter, options)}, seconds, during=lambda engine: seen.append(engine.statistics()["x"]))
    return one.ledgers[0], seen[0].concurrency


@pytest.mark.slow
@pytest.mark.parametrize("after_secs", [None, 1.0], ids=["without a hint", "Retry-After"])
def test_a_destination_that_takes_two_at_once(rig, after_secs):
    """Delivery settles at what is taken: nothing is lost or doubled, few are refused, and the room is used."""
    exporter = Crowded(room=2, after_secs=after_secs)
    ledger, limit = limits(rig, exporter, 2000, 150, config())
    assert sorted(map(int, exporter.taken)) == list(range(2000))
    assert ledger.outcomes("x") == {"enqueued": 2000, "exported": 2000}
    assert 1 <= limit <= 3
    assert len(exporter.refusals) <= 30, "8 of the first ten, and then seldom"
    assert len([at for at in exporter.refusals if at > 20]) <= 0.01 * 2000
    assert exporter.sent_at[-1] < 1.1 * 2000 / 2 * 0.1, "both places are nearly always used"


@pytest.mark.slow
def test_room_that_the_destination_gains_is_found(rig):
    """After ten minutes of shortage the limit is back at `num_consumers` within two, unasked."""

    class Growing(Crowded):
        async def send(self, request):
            self.room = 2 if asyncio.get_running_loop().time() < 600 else 10
            return await super().send(request)

    exporter = Growing(room=2, latency_secs=1.0)
    ledger, limit = limits(rig, exporter, 2500, 720, config())
    assert limit == 10
    assert ledger.queued("x") > 0, "it was not idle"
    assert len(exporter.refusals) <= 40


def test_the_limit_starts_at_num_consumers_and_never_exceeds_it(rig):
    """Without push-back nothing changes."""
    exporter = ScriptedExporter(latency_secs=1.0)
    ledger, limit = limits(rig, exporter, 100, 60, config(consumers=4))
    assert (exporter.most_running, limit) == (4, 4)
    assert ledger.queued("x") == 0


@pytest.mark.parametrize(
    ("answer", "options", "lowered"),
    [
        (Retry("429", throttled=True), {}, True),
        (Retry("connection refused"), {}, False),
        (Blocked("401"), {}, False),
        (Reject("400"), {}, False),
        (TimeoutError(), {"retry_on_failure": {"initial_interval": "60s", "max_interval": "60s"}}, True),
    ],
    ids=["throttled", "away", "blocked", "rejected", "timeout"],
)
def test_what_counts_as_push_back(rig, answer, options, lowered):
    """A destination that is away, or refuses what is sent, does not ask for less at once; a timeout does."""
    exporter = ScriptedExporter(lambda batch: answer, latency_secs=0.1)
    _, limit = limits(rig, exporter, 30, 2, config(**options))
    assert limit == (5 if lowered else 10)


def test_one_burst_halves_once(rig):
    """Ten requests that were under way together are one push-back; those of later rounds count again."""
    exporter = ScriptedExporter(lambda batch: Retry("503", throttled=True), latency_secs=0.1)
    assert limits(rig, exporter, 10, 2, config())[1] == 5
    assert limits(rig, exporter, 10, 600, config())[1] == 1


def test_part_of_a_request_is_push_back_too(rig):
    """Items that were refused for now; the others are delivered."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b"]))
    seen = []
    exporter = ScriptedExporter(lambda batch: Retry("429", [1], throttled=True) if len(batch) > 1 else Ok())
    one.run({"x": (exporter, config())}, 1, during=lambda engine: seen.append(engine.statistics()["x"].concurrency))
    assert seen == [1], "half of the one that was in flight, and at least one"
    assert exporter.bodies() == ["a", "b"]


def test_stopping_while_requests_wait_for_their_turn(rig):
    """They are not sent, stay in the outbox, and do not hold up the shutdown."""
    one = rig("x")
    for n in range(10):
        one.ledgers[0].put(text_batch([f"{n}"]))
    exporter = Crowded(room=1, latency_secs=1000.0)
    took = one.run({"x": (exporter, config(timeout="0s"))}, 60, deadline_secs=5.0)
    assert took <= 6
    assert one.ledgers[0].outcomes("x") == {"enqueued": 10, "queued": 10}


class TestConcurrency:
    """The limit by itself."""

    @staticmethod
    async def round(one, answers):
        """Enter with all, then report."""

        async def request(answer):
            async with one.entered() as epoch:
                await asyncio.sleep(1)
                (one.succeeded if answer else one.pushed_back)(epoch)

        await asyncio.gather(*map(request, answers))

    def test_additive_up_multiplicative_down(self):
        """One more after each window of successes; half after a push-back; at least one."""

        async def main():
            one, seen = Concurrency(8), []
            for answer in (False, False, False, False, True, True, True, True):
                await self.round(one, [answer] * one.limit)
                seen.append(one.limit)
            return seen

        assert run_virtual(main()) == [4, 2, 1, 1, 2, 3, 4, 5]

    def test_less_than_the_limit_in_flight_says_nothing_about_it(self):
        """Success does not raise a limit that is not used; push-back halves what was there, not what was allowed."""

        async def main():
            one, seen = Concurrency(8), []
            await self.round(one, [False] * 8)
            for answers in ([True] * 3, [True] * 2, [True], [False] * 3):
                await self.round(one, answers)
                seen.append(one.limit)
            return seen

        assert run_virtual(main()) == [4, 4, 4, 1]

    def test_a_limit_that_was_too_much_is_tried_more_and_more_seldom(self):
        """The successes that are needed before a limit is tried again double each time it is refused."""

        async def main():
            one, tries = Concurrency(3), []
            await self.round(one, [False] * 3)
            for _ in range(9):
                rounds = 0
                while one.limit < 3:
                    await self.round(one, [True] * one.limit)
                    rounds += 1
                tries.append(rounds)
                await self.round(one, [False] * 3)
            return tries

        assert run_virtual(main()) == [2, 3, 5, 9, 17, 33, 65, 65, 65]

    def test_a_place_is_never_lost_to_cancellation(self):
        """Requests that are cancelled while they wait, or just as they are let in, leave the others their places."""

        async def main():
            one = Concurrency(1)
            order = []

            async def request(name):
                async with one.entered():
                    order.append(name)
                    await asyncio.sleep(1)

            async def first():
                async with one.entered():
                    await asyncio.sleep(1)
                waiting[1].cancel()  # it has just been let in, and has not run yet

            leaving = asyncio.create_task(first())
            await asyncio.sleep(0)
            waiting = [asyncio.create_task(request(n)) for n in range(6)]
            await asyncio.sleep(0.5)
            waiting[0].cancel()
            waiting[3].cancel()
            await asyncio.gather(leaving, *waiting, return_exceptions=True)
            assert one.running == 0
            return order

        assert run_virtual(main()) == [2, 4, 5]
