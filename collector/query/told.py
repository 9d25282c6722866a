"""What people were told, silences, and what is done about alerts, as a store has it. Its connection is narrowed to whoever reads."""

from __future__ import annotations

NEWEST = """SELECT n.domain, n.group_id, n.exporter, n.status, n.reason, n.level, n.started_unix_nano, n.count, n.labels,
    n.time_unix_nano, l.body AS text FROM notifications AS n LEFT JOIN logs AS l ON l.record_id = n.event_id AND l.domain = n.domain
WHERE (? OR n.status = 'firing') AND n.sequence = (SELECT max(m.sequence) FROM notifications AS m
    WHERE m.domain = n.domain AND m.group_id = n.group_id AND m.exporter = n.exporter)
ORDER BY n.time_unix_nano DESC LIMIT ?"""
"""The last thing that each exporter was told of each group. Parameters: also what is over, how many."""
SILENCES = """SELECT domain, silence_id, matchers, who, why, starts_unix_nano, ends_unix_nano FROM silences
WHERE ? OR ends_unix_nano > unixepoch() * 1000000000 ORDER BY ends_unix_nano"""
"""Parameter: also those that are over."""
RESPONSES = """SELECT domain, response_id, name, exporter, target, state, reason, dry_run, who, why, group_id, labels, instances, deployment,
    was, became, proposed_unix_nano, expires_unix_nano, time_unix_nano FROM responses
WHERE ? OR state IN ('proposed', 'approved', 'started') OR (state = 'done' AND NOT dry_run) ORDER BY time_unix_nano DESC LIMIT ?"""
"""Those that wait for a person or are under way. Parameters: also those that are over, how many."""
