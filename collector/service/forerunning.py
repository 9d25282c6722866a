"""Where a forerunner begins: `python -P -m collector.service.forerunning CHANNEL LOG ROLE`. It becomes the child that it is told to be.

It loads its role, waits for the descriptors that it shall keep open (the locks of the data directory are with them), and goes on where a child
begins. Nobody can tell the two apart from then on.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from importlib import import_module

from collector.service import collecting
from collector.service.title import show_as

_MOST_DESCRIPTORS = 16


def main() -> None:
    """Load, wait, begin."""
    show_as(f"logboom {sys.argv[3]}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collecting.put_off()
    child = import_module("collector.service.child")
    import_module(f"collector.service.{sys.argv[3]}")
    del sys.argv[3:]
    if not kept_open(int(sys.argv[1])):
        os._exit(0)  # it is not needed, or the supervisor is gone
    child.main()


def kept_open(channel: int) -> list[int]:
    """What came to be kept open, and stays open as long as this process lives; nothing at the end of the channel."""
    with socket.socket(fileno=os.dup(channel)) as heard:
        try:
            _, descriptors, _, _ = socket.recv_fds(heard, 1, _MOST_DESCRIPTORS)
        except OSError:
            return []
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return descriptors


if __name__ == "__main__":
    main()
