"""`make causes-score` reads a corpus as it comes, and finds a service that says nothing any more."""

import importlib.util
import json
import lzma
from datetime import UTC, datetime
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "bench" / "causes_score.py"


def test_the_score_of_a_small_corpus(shop, tmp_path):
    spec = importlib.util.spec_from_file_location("causes_score", SCRIPT)
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    thrown = (("gateway", "in"), ("orders", "in"), ("prices", "in"), ("prices", "threw"), ("gateway", "failed"))
    minutes = {"normal": [shop.minute(-10)], "faulty": [shop.minute(0), shop.minute(1, steps=thrown)]}
    for name, frames in minutes.items():
        with lzma.open(tmp_path / f"day-{name}.ndjson.xz", "wt") as file:
            for row in (row for frame in frames for row in frame.iter_rows(named=True)):
                line = {"t": row["time"], "pod": row["service"], "trace": row["trace"], "span": row["span"],
                        "body": f"12:00 INFO  {row['service']}.Class#{sum(map(ord, row['place']))} {row['place']}"}  # fmt: skip
                file.write(json.dumps(line) + "\n")
    at = datetime.fromtimestamp(shop.start // 10**9 + 60, UTC).strftime("%Y-%m-%d %H:%M:%S")
    (tmp_path / "day-faults.json").write_text(json.dumps([{"time": at, "pod": "prices", "type": "exception"}]))
    assert score.ranks(tmp_path, "day", history=False)["exception"][0] <= 2
