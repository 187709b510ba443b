"""The code location of Dagster: `dagster dev -m sogoc.dagster_location` (or `./run dev`). The home is SOGOC_HOME."""

from __future__ import annotations

from contextlib import AbstractContextManager

from pipelines.definitions import build_definitions
from pipelines.services import Services


def open_here() -> AbstractContextManager[Services]:
    """The installation of this home; a code location of your own (docs/scale.md) opens it so too."""
    from sogoc.home import open_services
    from sogoc.settings import load

    return open_services(load())


defs = build_definitions(open_here)
