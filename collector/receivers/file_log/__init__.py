"""Lines of files, exactly once from the file to the store."""

from collector.component import Factory, Kind
from collector.receivers.file_log.config import FileLogConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="file_log",
    config=FileLogConfig,
    behaviour="collector.receivers.file_log.receiver:FileLogReceiver",
    summary="Follows files over rotation and restarts; each line reaches the store once.",
    aliases=("filelog",),
    differs=(
        "how far a file was read is kept in the journal, with what was read: no storage is needed, and a kill repeats nothing",
        "a file is known again by its inode and its first bytes, and by those before the place up to which it was read",
    ),
    local_reason="it reads files of this machine",
)
