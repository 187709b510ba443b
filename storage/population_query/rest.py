"""The REST façades that provinces put before the population database: a flat JSON question, a list of people back."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from records.ministry.date_styles import say_date
from storage.population_query.errors import AnswerUnreadable, QueryRefused
from storage.population_query.options import Officer
from storage.population_query.person import FoundPerson, person_of
from storage.population_query.question import Question

_GOOD = ("0", "00", "1", "200", "true", "success")
_DEEPEST = 6


def to_rest(question: Question, officer: Officer, integration: str) -> dict[str, str]:
    born = question.birth
    said = {"maYeuCau": question.id, "maDVC": question.service, "maTichHop": integration, "maCanBo": officer.code,
            "soDinhDanh": question.personal_id, "soCMND": question.card, "hoVaTen": question.name.strip().upper(),
            "ngayThangNam": say_date("compact", born) if born is not None else "", "userNameService": officer.user_name}
    return {k: v for k, v in said.items() if v}


def from_rest(said: Any) -> list[FoundPerson]:
    """The people of an answer. Raises QueryRefused where it says no, AnswerUnreadable for what is no answer."""
    if not isinstance(said, Mapping):
        raise AnswerUnreadable(cause="not a JSON object")
    state = str(said.get("status", said.get("code", "0"))).strip().casefold()
    found = said.get("data", said.get("value"))
    if state not in _GOOD:
        raise QueryRefused(said=str(said.get("message") or said.get("errorDescription") or state)[:500])
    people = found if isinstance(found, list) else [found] if isinstance(found, Mapping) else []
    return [person_of(dict(_leaves(p, "", 0))) for p in people if isinstance(p, Mapping)][:10]


def _leaves(value: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        here = f"{path}/{name}" if path else str(name)
        if isinstance(inner, Mapping) and depth < _DEEPEST:
            yield from _leaves(inner, here, depth + 1)
        elif isinstance(inner, str | int) and not isinstance(inner, bool):
            yield here, str(inner)
