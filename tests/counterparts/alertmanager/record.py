"""Plays each script to a real Alertmanager, all at once, and keeps what it decided: `python -m counterparts.alertmanager.record`."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from counterparts.alertmanager.scripts import GOLDEN, Decision, Script, Spoken, named, scripts
from counterparts.alertmanager.server import Alertmanager, built
from counterparts.http_recorder import Answer, HttpRecorder, Received
from counterparts.kept_results import write_lines


class Played:
    """One script, in real time. `decisions` is in the order in which the calls came."""

    def __init__(self, script: Script, folder: Path) -> None:
        self._script, self._folder = script, folder
        self._began = 0.0
        self._lock = threading.Lock()
        self.decisions: list[Decision] = []

    def play(self) -> list[Decision]:
        """All of it."""
        with (
            HttpRecorder(self._told) as recorder,
            Alertmanager(self._folder, configuration(self._script, recorder.url)) as server,
        ):
            self._began = time.time()
            for one in self._script.spoken():
                time.sleep(max(0.0, self._began + one.at - time.time()))
                self._say(server, one)
            time.sleep(max(0.0, self._began + self._script.seconds - time.time()))
        return sorted(self.decisions)

    def _say(self, server: Alertmanager, one: Spoken) -> None:
        if one.what == "kill":
            server.kill()
        elif one.what == "alert":
            server.post(
                "alerts", [{"labels": one.labels, "startsAt": self._moment(one.began), "endsAt": self._moment(one.ends)}]
            )  # fmt: skip
        else:
            matchers = [{"name": key, "value": value, "isRegex": False} for key, value in one.labels.items()]
            said = {"matchers": matchers, "createdBy": "ann", "comment": "quiet"}
            server.post("silences", {**said, "startsAt": self._moment(one.began), "endsAt": self._moment(one.ends)})

    def _moment(self, at: float) -> str:
        return datetime.fromtimestamp(self._began + at, UTC).isoformat()

    def _told(self, received: Received) -> Answer:
        at, said = round(time.time() - self._began, 1), json.loads(received.body)
        alerts = {status: sorted(named(each["labels"]) for each in said["alerts"] if each["status"] == status)
                  for status in ("firing", "resolved")}  # fmt: skip
        reason = said["notification_reason"]
        with self._lock:
            self.decisions.append(
                Decision(received.path[1:], named(said["groupLabels"]), at, said["status"], reason, **alerts)
            )
        return Answer()


def configuration(script: Script, url: str) -> Mapping[str, Any]:
    """As Alertmanager reads it: an exporter is a webhook."""
    receivers = [
        {"name": name, "webhook_configs": [{"url": f"{url}/{one}", "send_resolved": script.send_resolved} for one in exporters]}
        for name, exporters in script.receivers.items()
    ]  # fmt: skip
    return {
        "route": script.root, "receivers": receivers, "inhibit_rules": script.inhibit_rules,
        "time_intervals": [{"name": one["name"], "time_intervals": one["time_intervals"]} for one in script.time_intervals],
    }  # fmt: skip


def main() -> None:
    """All scripts; a line each."""
    built()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(scripts())) as pool:
        playing = [pool.submit(Played(one, Path(folder) / str(at)).play) for at, one in enumerate(scripts())]
        kept = [
            {"script": one.name, "decisions": [list(told) for told in each.result()]}
            for one, each in zip(scripts(), playing, strict=True)
        ]
    write_lines(GOLDEN / "decisions.jsonl", kept)


if __name__ == "__main__":
    main()
