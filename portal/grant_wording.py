"""How a grant reads: the role, the communes by their names, the kinds of register."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from portal import wording
from portal.wording import Pair
from records.places import default_gazetteer, written
from storage.policy import Actor, Grant, communes_of

_SHOWN = 3                  # communes named; the rest is counted


@dataclass(frozen=True)
class GrantView:
    """A grant for the page. number: of storage.accounts.grants_of; source: local or sso."""

    number: int
    role: Pair
    communes: Pair
    kinds: Pair
    source: str


@cache
def commune_name(code: str) -> str:
    """The commune with its district and province, or the code alone where no list knows it."""
    unit = default_gazetteer().unit(code)
    return f"{written(unit)} ({code})" if unit is not None and unit.level == "commune" else code


def commune_choices(actor: Actor) -> list[tuple[str, str]]:
    """(code, name) of the communes among which the actor says whose a new book is, by name; none where there is nothing to say."""
    mine = communes_of(actor, "batch.upload")
    return sorted(((code, commune_name(code)) for code in mine), key=lambda c: c[1]) if mine is not None and len(mine) > 1 else []


def grant_view(number: int, grant: Grant, source: str) -> GrantView:
    role = wording.USER_ROLES.get(grant.role, (grant.role, grant.role))
    return GrantView(number, role, communes_words(grant.communes), kinds_words(grant.kinds), source)


def communes_words(codes: Iterable[str] | None) -> Pair:
    if codes is None:
        return "Cả tỉnh", "The whole province"
    named = [commune_name(c) for c in sorted(codes)]
    rest = len(named) - _SHOWN
    said = "; ".join(named[:_SHOWN])
    return (f"{said}; và {rest} xã nữa", f"{said}; and {rest} more") if rest > 0 else (said, said)


def kinds_words(kinds: Iterable[str] | None) -> Pair:
    if kinds is None:
        return "mọi loại sổ", "every kind of register"
    found = [wording.KINDS.get(k, (k, k)) for k in sorted(kinds, key=lambda k: list(wording.KINDS).index(k) if k in wording.KINDS else 99)]
    return ", ".join(vi for vi, _ in found), ", ".join(en for _, en in found)
