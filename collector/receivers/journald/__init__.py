"""Entries of systemd's journal, exactly once from the journal to the store."""

from collector.component import Factory, Kind
from collector.receivers.journald.config import JournaldConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="journald",
    config=JournaldConfig,
    behaviour="collector.receivers.journald.receiver:JournaldReceiver",
    summary="Follows systemd's journal over restarts, boots and rotations; each entry reaches the store once.",
    stability="beta",
    differs=(
        "how far the journal was read is kept with what was read: no storage is needed, and a kill repeats nothing",
        "start_at: beginning reads all boots; what was written before a reboot is read behind it",
        "an entry that is behind the last one that was read is never passed over, also where that is gone or fits no filter any more",
    ),
    local_reason="it runs a program",
)
