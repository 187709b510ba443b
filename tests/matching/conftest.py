"""A small simulated district with misread registers, built once."""
from __future__ import annotations

import pytest

from bench.linkage import Trial, simulated_trial
from matching.linker import Linker
from matching.population import PopulationIndex


@pytest.fixture(scope="session")
def trial() -> Trial:
    return simulated_trial(people=3000, entries=400, seed=20)


@pytest.fixture(scope="session")
def linker(trial: Trial) -> Linker:
    return Linker(PopulationIndex.build(trial.people))
