"""`make fuzz`: a million inputs at the doors. What breaks a property, and the first of what is treated in a new way, is kept.

    python -m fuzz                     all targets, a million inputs, shared out by what they cost
    python -m fuzz --inputs 10000 json
    python -m fuzz --seed 7            the same inputs again

The corpus, `tests/fuzz/corpus/<target>`, is a file an input; `tests/fuzz/test_fuzz.py` runs it, and some new inputs, in CI.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import sys
import time
from pathlib import Path

from fuzz.targets import Broken, Target, targets

CORPUS = Path(__file__).parent / "corpus"
SHARES = {"protobuf": 0.35, "json": 0.23, "shapes": 0.15, "shapes_skip": 0.05, "credentials": 0.05, "framing": 0.07, "heads": 0.01, "heads_guarded": 0.01, "http1": 0.03, "http2": 0.03, "http1_guarded": 0.01, "http2_guarded": 0.01}  # fmt: skip
_LARGEST = 4096


def keep(name: str, data: bytes) -> Path:
    """Into the corpus."""
    path = CORPUS / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def kept(name: str) -> list[bytes]:
    """The corpus of a target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]


def run(name: str, target: Target, inputs: int, seed: int, collect: bool = False) -> tuple[int, set[str]]:
    """Inputs made and outcomes seen. Raises `Broken`; its inputs are in the corpus then, where they are small."""
    rng = random.Random(f"{name} {seed}")
    seen: set[str] = set()
    made = 0
    while made < inputs:
        group = [target.make(rng) for _ in range(min(target.group, inputs - made))]
        try:
            outcomes = target.attempt(group)
        except Broken as broken:
            for data in broken.inputs[: target.group]:
                keep(name, data)
            raise
        for data, outcome in zip(group, outcomes, strict=True):
            if collect and outcome not in seen and len(data) <= _LARGEST:
                keep(name, data)
            seen.add(outcome)
        made += len(group)
    return made, seen


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*SHARES, []], default=[])
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--collect", action="store_true", help="keep the first input of each way of being treated")
    options = parser.parse_args()
    names = options.names or list(SHARES)
    whole = sum(SHARES[name] for name in names)
    failed = 0
    with targets() as all_targets:
        for name in names:
            began = time.monotonic()
            try:
                made, seen = run(
                    name, all_targets[name], int(options.inputs * SHARES[name] / whole), options.seed, options.collect
                )
            except Broken as broken:
                failed = 1
                print(f"{name}: BROKEN {broken}", flush=True)
                continue
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(f"{name}: {made:,} inputs in {time.monotonic() - began:.0f} s, {len(seen)} ways of being treated, "
                  f"nothing broken; peak {memory} MiB", flush=True)  # fmt: skip
    return failed


if __name__ == "__main__":
    sys.exit(main())
