"""A log cluster in memory, with Kafka's semantics: `LogCluster`, and `collector.kafka.wire` as it answers it.

    cluster = LogCluster()
    wire = cluster.wire("logboom")            # senders, writers, readers, groups, admins
    cluster.commits.append(CommitEnd.LATE)    # how the next commit ends
    cluster.stop("a-0"); cluster.advance(11)  # a SIGSTOP longer than the session; the member's numbers are gone

Nothing happens by itself: no threads, and a clock that `advance` moves (`real_time=True`: the machine's). What was sent is put
at once; with `holding` when `deliver` says so. `at` is called with the name of each point at which something may happen meanwhile: another's
claim, or a crash, which is an exception of the test's own that it raises.
"""

from collector.testing.log_cluster.cluster import LogCluster
from collector.testing.log_cluster.ends import CommitEnd, SendEnd
from collector.testing.log_cluster.wire import SimulatedWire

__all__ = ["CommitEnd", "LogCluster", "SendEnd", "SimulatedWire"]
