"""File descriptors: as many as the system gives us, and how many of them may go to connections."""

from __future__ import annotations

import resource

LEAST = 64
_KEPT_ASIDE = 48  # what a process opens for itself: environments, channels, the store, event loops
_MOST_CONNECTIONS = 4096


def raise_limit() -> int:
    """Set the soft limit of this process, and of children to come, to the hard one; the limit now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # a hard limit that is "unlimited" is above what the kernel takes
            return soft
    return hard


def connection_bounds(most: int, share: int) -> tuple[int, int]:
    """Connections of a listener and of one peer, from options in which 0 stands for the default."""
    most = most or room_for_connections()
    return most, share or max(1, most // 2)


def room_for_connections() -> int:
    """The default bound of one listener: a third of what is not kept aside."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(4, min(_MOST_CONNECTIONS, (limit - _KEPT_ASIDE) // 3))
