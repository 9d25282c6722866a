"""Plays the records to a real Collector with each configuration and keeps what came out: `python -m counterparts.configurations.record`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from counterparts.configurations.chosen import OWN, chosen
from counterparts.configurations.played import Output, by_the_collector
from counterparts.kept_results import read_lines, write_lines
from counterparts.otelcol import built, version


def main(only: Sequence[str] = ()) -> None:
    """All of them, or those that are named; a line for each exporter."""
    built("processors")
    results = {(line["configuration"], line["exporter"]): line for line in kept()}
    for name, each in chosen().items():
        if only and name not in only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            for exporter, output in by_the_collector(each, Path(folder)).items():
                results[name, exporter] = {"configuration": name, "exporter": exporter, "records": output}
        _write(list(results.values()))
        print(name, flush=True)


def kept() -> list[dict[str, Any]]:
    """What stands in the files."""
    files = [OWN / f"{kind}.jsonl.gz" for kind in ("own", "conformance")]
    return [line for file in files if file.exists() for line in read_lines(file)]


def results() -> dict[str, dict[str, Output]]:
    """Configuration → exporter → what the Collector sent by it."""
    found: dict[str, dict[str, Output]] = {}
    for line in kept():
        found.setdefault(line["configuration"], {})[line["exporter"]] = line["records"]
    return found


def _write(lines: list[dict[str, Any]]) -> None:
    """Of configurations that are at hand, and of others of the folder what was kept of them."""
    at_hand, kinds = chosen(), ("own", "conformance")
    for kind in kinds:
        own = [
            line for line in lines
            if (at_hand[line["configuration"]].kept if line["configuration"] in at_hand else "conformance") == kind
        ]  # fmt: skip
        write_lines(OWN / f"{kind}.jsonl.gz", sorted(own, key=lambda line: (line["configuration"], line["exporter"])))
    (OWN / "VERSION").write_text(version("processors") + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
