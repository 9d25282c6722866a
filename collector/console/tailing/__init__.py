"""Live tail: records as they are stored, in the order of their commit, from a place on that a client can come back to.

watch.py    one look a fifth of a second at the store, for all who follow; a tail is only asked when something was committed
tail.py     a reader's place, and what there is behind it: records, how many were left out, that the place is unknown
tails.py    how many follow at once
event_stream.py  what a tail tells, as Server-Sent Events
"""

from collector.console.tailing.event_stream import EventStream
from collector.console.tailing.tail import Quiet, Records, Reset, Skipped, Tail, Told
from collector.console.tailing.tails import Following, Tails

__all__ = ["EventStream", "Following", "Quiet", "Records", "Reset", "Skipped", "Tail", "Tails", "Told"]
