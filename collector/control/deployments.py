"""What is deployed: the command is checked and becomes the event `logboom.deployment`, which stores show in their table `deployments`."""

from __future__ import annotations

from collections.abc import Mapping

from collector.batch import LogBatch
from collector.component import Applied, Command, Refused, Work
from collector.component.commands import Value
from collector.control.deployment import EVENT, Deployment, NoDeployment


class Deployments:
    """Takes `logboom.command.deployment`, where no component of the configuration does."""

    def command(self, command: Command, work: Work) -> Applied | Refused:
        """The event of what it says."""
        try:
            deployment = Deployment.of_attributes(command.attributes, command.id)
        except NoDeployment as problem:
            return Refused(str(problem))
        at = deployment.time_unix_nano or command.received_unix_nano
        said: Mapping[str, Value] = deployment.attributes()
        columns = {
            "body": [deployment.sentence()], "severity_number": [9], "severity_text": ["INFO"], "time_unix_nano": [at],
        }  # fmt: skip
        records = LogBatch.of(
            columns, {key: [value] for key, value in said.items()}, {"service.name": deployment.service}, "logboom"
        )
        work.emit(EVENT, records)
        return Applied({**said, "time_unix_nano": at})
