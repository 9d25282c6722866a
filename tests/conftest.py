"""What holds for every test."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings

os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # what tests start finds the package counterparts, too

settings.register_profile("logboom", deadline=None)  # a busy machine is no counter-example
settings.load_profile("logboom")
