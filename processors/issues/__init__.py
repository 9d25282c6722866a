"""issues: what goes wrong becomes an issue with a state, a history and an owner."""

from collector.component import Factory, Figure, Kind
from processors.issues.config import IssuesConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="issues",
    config=IssuesConfig,
    behaviour="processors.issues.processor:Issues",
    summary="Makes issues of errors: grouped by cause, with states, priority, owners and everybody who is affected.",
    figures=(
        Figure(
            "issues",
            ("state", "level"),
            "{issues}",
            "Issues that are remembered, by state and by the most urgent level of their records.",
        ),
        Figure(
            "issue_events",
            ("level",),
            "{records}",
            "Log records and anomalies that belong to an issue, by their level.",
            grows=True,
        ),
    ),
    takes_commands=(
        "logboom.command.deployment",
        *(
            f"logboom.command.issue.{verb}"
            for verb in (
                "resolve",
                "archive",
                "unarchive",
                "assign",
                "acknowledge",
                "merge",
                "split",
                "priority",
                "describe",
            )
        ),
    ),
)
