"""The state machine: whatever happens in whatever order, in the end each accepted payload was processed once."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from collector.testing.log_cluster import CommitEnd, SendEnd
from counterparts.cluster_machine.process import Doom, Process, Work
from counterparts.cluster_machine.stage import DOMAINS, NAMES, Stage

POINTS = (
    "read", "commit:begin", "commit:middle", "commit:done", "ack:middle", "ack:done", "writer:claim", "writer:begin", "writer:put",
    "writer:end", "reader:read", "admin:delete",
)  # fmt: skip

TAKING = ("writer:claim", "writer:claim", "reader:read")

sends = st.sampled_from([*[SendEnd.DONE] * 3, SendEnd.LOST, SendEnd.LANDED])
commits = st.sampled_from(
    [CommitEnd.DONE, CommitEnd.REFUSED, CommitEnd.BEFORE, CommitEnd.AFTER, CommitEnd.AFTER, CommitEnd.LATE]
)
processes = st.sampled_from(range(len(NAMES)))
news = st.lists(st.sampled_from(DOMAINS), max_size=3)
unread = st.lists(st.sampled_from(DOMAINS), min_size=1, max_size=4)
parts = st.sampled_from(Work)


class ClusterMachine(Stage, RuleBasedStateMachine):
    """What may happen."""

    @initialize()
    def begin(self) -> None:
        for process in self.processes:
            process.start()
            process.look()

    # --- senders

    @rule(process=processes, news=news, end=sends, held=st.booleans())
    def send(self, process: int, news: list[str], end: SendEnd, held: bool) -> None:
        """New payloads. `end`: of the first; `held`: the brokers have not answered yet."""
        self.send_out(process, news)
        if not held:
            self.put(end)

    @rule(process=processes, which=st.integers(0, 1000), end=sends)
    def send_again(self, process: int, which: int, end: SendEnd) -> None:
        """A sender without an answer goes elsewhere; also one whose answer was lost on its way."""
        if self.sent:
            self.submit(process, self.sent[which % len(self.sent)])
            self.put(end)

    # --- owners

    @rule(process=processes)
    def look(self, process: int) -> None:
        self.act(process, Process.look)

    @rule(
        process=processes, most=st.sampled_from([1, 2, 100]), ends=st.lists(commits, min_size=1, max_size=3), news=news, does=parts,
    )  # fmt: skip
    def work(self, process: int, most: int, ends: list[CommitEnd], news: list[str], does: Work) -> None:
        """Step and deliver what it has; the first commits end like that. `news`: what is sent just before."""
        self.send_out(process, news)
        self.put(SendEnd.DONE)
        self.cluster.commits.extend(ends)
        self.act(process, lambda each: each.work(does, most))
        self.cluster.commits.clear()

    @rule(
        process=processes, point=st.sampled_from(POINTS), nth=st.integers(1, 3), ends=st.lists(commits, max_size=2), before=st.booleans(),
        news=news,
    )  # fmt: skip
    def die_at_work(
        self, process: int, point: str, nth: int, ends: list[CommitEnd], before: bool, news: list[str]
    ) -> None:
        self.send_out((process + 1) % len(NAMES), news)
        self.put(SendEnd.DONE)
        self.processes[process].doom = Doom(point, nth)
        if before:
            self.act(process, Process.look)
        self.cluster.commits.extend(ends)
        self.act(process, Process.work)
        self.cluster.commits.clear()
        self.act(process, Process.trim)
        self.processes[process].doom = None

    @rule(process=processes, end=st.sampled_from([CommitEnd.BEFORE, CommitEnd.LATE]), news=unread)
    def die_after_a_doubt(self, process: int, end: CommitEnd, news: list[str]) -> None:
        """Nobody knows whether a commit counts; if its writer goes on all the same, it dies in the middle of the next one."""
        self.send_out((process + 1) % len(NAMES), news)
        self.put(SendEnd.DONE)
        self.cluster.commits.append(end)
        self.processes[process].doom = Doom("writer:put", 2)
        self.act(process, Process.work)
        self.cluster.commits.clear()
        self.processes[process].doom = None

    @rule(process=processes)
    def trim(self, process: int) -> None:
        self.act(process, Process.trim)

    # --- what befalls them

    @rule(process=processes, with_machine=st.booleans(), landed=st.integers(0, 2))
    def kill(self, process: int, with_machine: bool, landed: int) -> None:
        if self.processes[process].alive:
            self.processes[process].kill(with_machine=with_machine, landed=landed)

    @rule()
    def start(self) -> None:
        """Whoever is dead comes back."""
        for process in self.processes:
            if not process.alive and not self.cluster.paused:
                process.start()
                self.act(self.processes.index(process), Process.look)

    @rule(process=processes, secs=st.sampled_from([0.5, 11.0]), does=parts)
    def freeze(self, process: int, secs: float, does: Work) -> None:
        """SIGSTOP; others go on."""
        each = self.processes[process]
        if each.alive and not each.frozen:
            each.freeze()
            self.let_pass(secs, does)

    @rule(process=processes, secs=st.sampled_from([0.5, 11.0]), point=st.sampled_from(POINTS), does=parts, news=news)
    def stand_still(self, process: int, secs: float, point: str, does: Work, news: list[str]) -> None:
        """SIGSTOP in the middle of work; others go on; SIGCONT, and it goes on where it stood."""
        each = self.processes[process]
        if not each.alive or each.frozen:
            return
        self.send_out(process, news)
        self.put(SendEnd.DONE)

        def meanwhile() -> None:
            each.freeze()
            self.let_pass(secs, does)
            each.thaw()

        each.standing = point, meanwhile
        self.act(process, Process.work)
        each.standing = None

    @rule(process=processes)
    def thaw(self, process: int) -> None:
        """SIGCONT: it works on with what it believes to have."""
        if self.processes[process].frozen:
            self.processes[process].thaw()
            self.act(process, Process.work)
            self.act(process, Process.trim)

    @rule(
        process=processes,
        news=unread,
        most=st.sampled_from([1, 100]),
        steps=st.integers(1, 3),
        point=st.sampled_from(TAKING),
    )
    def wake_too_late(self, process: int, news: list[str], most: int, steps: int, point: str) -> None:
        """SIGSTOP for longer than a session; while another one takes what it had, it works on with what it believes to have."""
        owners = [number for number, each in enumerate(self.processes) if each.held and each.alive and not each.frozen]
        if not owners:
            return
        stopped = owners[process % len(owners)]
        self.processes[stopped].freeze()
        self.send_out((stopped + 1) % len(NAMES), news)
        self.put(SendEnd.DONE)
        self.cluster.advance(11.0)
        self.take_while(stopped, point, lambda it: [it.work(Work.STEP, most) for _ in range(steps)])

    @rule(process=processes, news=unread, does=st.sampled_from([Work.STEP, Work.UNACKNOWLEDGED]))
    def die_behind_a_trim(self, process: int, news: list[str], does: Work) -> None:
        """Something waits for destinations when topics are trimmed; its owner's machine is gone, and others deliver."""
        self.send_out((process + 1) % len(NAMES), news)
        self.put(SendEnd.DONE)
        self.act(process, lambda it: it.work(does))
        self.act(process, Process.trim)
        if self.processes[process].alive:
            self.processes[process].kill(with_machine=True)
        self.let_pass(11.0, Work.ALL)

    @rule(secs=st.sampled_from([0.5, 3.0, 11.0, 31.0]), does=parts)
    def wait(self, secs: float, does: Work) -> None:
        self.let_pass(secs, does)

    @rule(process=processes, secs=st.sampled_from([0.5, 9.0, 31.0]), news=news)
    def outage(self, process: int, secs: float, news: list[str]) -> None:
        """No broker answers for a while."""
        self.send_out(process, news)
        self.put(SendEnd.DONE)
        self.cluster.pause()
        self.act(process, Process.work)
        self.cluster.advance(secs)
        self.act(process, Process.look)
        self.cluster.resume()

    @rule()
    def clean(self) -> None:
        """The brokers compact."""
        self.cluster.clean()

    @precondition(lambda self: all(each.answered for each in self.sent))
    @rule()
    def a_day(self) -> None:
        """So much later that brokers forget deletions; nobody sends anything again that was sent before."""
        self.sent_before += self.sent
        self.sent = []
        self.cluster.deliver()
        self.let_pass(25 * 3600.0, Work.ALL)
        self.cluster.clean(deletions=True)

    # --- what is true

    @invariant()
    def noted(self) -> None:
        self.note_what_landed()

    def teardown(self) -> None:
        try:
            self.drain()
            self.check()
        finally:
            self.close()
