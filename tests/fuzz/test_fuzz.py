"""The kept corpus and some thousand new inputs at the doors (`python -m fuzz` makes a million)."""

from __future__ import annotations

import random

import pytest

from fuzz.__main__ import SHARES, kept, run
from fuzz.targets import targets

INPUTS = {
    "protobuf": 2_000,
    "json": 1_500,
    "shapes": 1_500,
    "shapes_skip": 500,
    "credentials": 500,
    "framing": 1_000,
    "heads": 150,
    "heads_guarded": 100,
    "http1": 60,
    "http2": 60,
    "http1_guarded": 30,
    "http2_guarded": 30,
}


@pytest.fixture(scope="module")
def doors():
    with targets() as found:
        yield found


@pytest.mark.parametrize("name", SHARES)
def test_the_kept_corpus(doors, name):
    """What once was treated in a way of its own, or broke something."""
    corpus = kept(name)
    assert corpus, "the corpus belongs to the repository"
    target = doors[name]
    for at in range(0, len(corpus), target.group):
        target.attempt(corpus[at : at + target.group])


@pytest.mark.parametrize("name", SHARES)
def test_new_inputs(doors, name):
    """Another seed in each run; the message of a failure shows the input, which is in the corpus then."""
    run(name, doors[name], INPUTS[name], random.SystemRandom().getrandbits(32))
