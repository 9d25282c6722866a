"""What people were told, silences, and what is done about alerts, as a store has it. Its connection is narrowed to whoever reads."""

from __future__ import annotations

from collector.reserved import APPLIED

NEWEST = """SELECT n.domain, n.group_id, n.exporter, n.status, n.reason, n.level, n.started_unix_nano, n.count, n.labels,
    n.time_unix_nano, l.body AS text, n.receiver,
    CASE WHEN json_valid(n.alerts) THEN coalesce(n.alerts ->> '$[0].annotations.title', n.alerts ->> '$[0].annotations.summary') END AS title,
    CASE WHEN json_valid(n.alerts) THEN n.alerts ->> '$[0].labels.issue' END AS issue FROM notifications AS n LEFT JOIN logs AS l ON l.record_id = n.event_id AND l.domain = n.domain
WHERE (? OR n.status = 'firing') AND n.sequence = (SELECT max(m.sequence) FROM notifications AS m
    WHERE m.domain = n.domain AND m.group_id = n.group_id AND m.exporter = n.exporter)
ORDER BY n.time_unix_nano DESC LIMIT ?"""
"""The last thing that each exporter was told of each group. Parameters: also what is over, how many."""
ESCALATED = """SELECT min(time_unix_nano) AS first_unix_nano, coalesce(sum(reason = ?), 0) AS told FROM notifications
WHERE domain = ? AND group_id = ? AND sequence > coalesce((SELECT max(sequence) FROM notifications AS m
    WHERE m.domain = ? AND m.group_id = ? AND m.status = 'resolved'), 0)"""
"""Since when a group goes on without a break, and how often a reason was told meanwhile. Parameters: reason, domain, group, domain, group."""
DECIDED = f"""SELECT time_unix_nano, attributes ->> '$."logboom.command.who"' AS who, attributes ->> '$."logboom.command.name"' AS name,
    attributes ->> '$."logboom.command.snapshot"' AS became FROM logs
WHERE domain = ? AND generation IS NOT NULL AND time_unix_nano >= ? AND event_name = '{APPLIED}' AND json_valid(attributes) ORDER BY time_unix_nano"""  # noqa: S608 - a constant
"""What people had done in a domain, the first first, with what its owner says of it (JSON). Parameters: domain, since."""
SILENCES = """SELECT domain, silence_id, matchers, who, why, starts_unix_nano, ends_unix_nano FROM silences
WHERE ? OR ends_unix_nano > unixepoch() * 1000000000 ORDER BY ends_unix_nano"""
"""Parameter: also those that are over."""
RESPONSES = """SELECT domain, response_id, name, exporter, target, state, reason, dry_run, who, why, group_id, labels, instances, deployment,
    was, became, proposed_unix_nano, expires_unix_nano, time_unix_nano FROM responses
WHERE ? OR state IN ('proposed', 'approved', 'started') OR (state = 'done' AND NOT dry_run) ORDER BY time_unix_nano DESC LIMIT ?"""
"""Those that wait for a person or are under way. Parameters: also those that are over, how many."""
