"""Hypothesis without a deadline: the first example pays for the gazetteer, and other work runs beside the tests."""
from __future__ import annotations

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
