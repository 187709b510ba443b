"""Hypothesis strategies of what registers hold: days, names, numbers, places."""
from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from records.dates import PartialDate
from records.names import common_tokens
from records.places import default_gazetteer

days = st.dates(date(1900, 1, 1), date(2030, 12, 31)).map(PartialDate.of)
tokens = {part: list(common_tokens(part)) for part in ("surname", "middle", "given")}
names = st.builds(
    lambda surname, middle, given: " ".join([surname, *middle, given]),
    st.sampled_from(tokens["surname"]), st.lists(st.sampled_from(tokens["middle"]), max_size=3), st.sampled_from(tokens["given"]),
)
communes_of_2025 = st.sampled_from(default_gazetteer().communes_on(date(2025, 1, 15)))
communes_since_july = st.sampled_from(default_gazetteer().communes_on(date(2026, 1, 1)))
