"""Objects of the Kubernetes API as records, each change once: what the receivers of events and of objects have in common.

wanted.py      which objects, and how
place.py       how far a list was taken, as the journal keeps it
following.py   the life of a list's thread: later and later while it can't be asked
watching.py    what changes, from where it was; anew where the server does not keep that any more
pulling.py     all there is, at an interval
receiver.py    the receiver: a thread for each list
"""
