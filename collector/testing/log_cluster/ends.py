"""How what was asked of the cluster may end."""

from enum import Enum, auto


class SendEnd(Enum):
    """How a record that was sent ends."""

    DONE = auto()
    LOST = auto()
    """Refused for time, and not in the log."""
    LANDED = auto()
    """Refused for time, though it stands in the log: the answer was lost."""


class CommitEnd(Enum):
    """How a commit ends."""

    DONE = auto()
    REFUSED = auto()
    """Aborted in order: the same may be given again."""
    PERMANENT = auto()
    BEFORE = auto()
    """Unresolved: the request to end it never arrived. It is open until somebody claims, or `transaction_secs` are over."""
    AFTER = auto()
    """Unresolved: it was committed, and the answer was lost."""
    LATE = auto()
    """Unresolved: the request to end it is on its way. It commits when time passes, if nobody claims before."""
