"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("logboom", deadline=None)  # a busy machine is no counter-example
settings.load_profile("logboom")
