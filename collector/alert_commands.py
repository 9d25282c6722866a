"""Names of what is said about alerts: by people (commands: command line, links, other systems), and by others who watch (events). Who makes them and
who takes them share them."""

from __future__ import annotations

from collector.reserved import COMMANDS

ACKNOWLEDGE = f"{COMMANDS}alert.acknowledge"
UNACKNOWLEDGE = f"{COMMANDS}alert.unacknowledge"
RESOLVE = f"{COMMANDS}alert.resolve"
SILENCE = f"{COMMANDS}alert.silence"
UNSILENCE = f"{COMMANDS}alert.unsilence"
TEST = f"{COMMANDS}alert.test"

GROUP = "logboom.alert.group"
"""Which group: 32 hex digits, or how it begins, 16 at least."""
MATCHERS, SECONDS = "logboom.alert.matchers", "logboom.alert.seconds"
SILENCE_ID = "logboom.alert.silence"
ISSUES = "logboom.alert.issues"
"""In what the owner says of a group: the issues of its alerts, joined by commas."""
EXPORTERS = "logboom.alert.exporters"
"""Of a test, and in what its owner says: ids of exporters, joined by commas."""
TRIAL_LABELS = "logboom.alert.trial_labels"
"""Of a test: labels of the alert, `name=value` a line; those are told whom its routes tell."""
AS_OF = "logboom.alert.as_of"
"""When somebody did it, ns: what began later is not meant. Absent: now."""
STARTS = "logboom.alert.silence.starts"
"""From when on a silence holds, ns. Absent, or past: now."""

RECEIVED = "logboom.alert.received"
"""An event: another system (Prometheus, Loki, vmalert) says that an alert goes on, or is over."""
LABELS, ANNOTATIONS = "logboom.alert.labels", "logboom.alert.annotations"
"""Of such an alert, as JSON objects of texts."""
ENDS = "logboom.alert.ends"
"""When it is over unless it is told again, ns."""
