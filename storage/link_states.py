"""What a link's row says: whether it waits for a person, whether something holds it, and what the policy makes of it."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from matching.lives import TELLING
from matching.policy import Policy
from storage.models import Entry, Link, Page
from storage.models.links import TO_CHECK, UNDECIDED

PERSON_GONE, NEW_PERSON = "person_gone", "new_person"      # of a decided link: its person left the population; somebody new fits
_HARMLESS = frozenset((*TELLING, PERSON_GONE, NEW_PERSON))


def held(reasons: Iterable[Sequence[str]]) -> bool:
    """Whether one of a link's reasons keeps it from being accepted."""
    return any(r[0] not in _HARMLESS for r in reasons)


def waits(link: Link) -> bool:
    """Whether a person has to say who it is: the machine is not sure, or the link was drawn for a blind check."""
    return link.decided_by is None and (link.decision == "review" or (link.blind and link.decision == "accept"))


def waiting() -> sa.ColumnElement[bool]:
    """The same as a condition."""
    return sa.or_(undecided(), to_check())


def undecided() -> sa.ColumnElement[bool]:
    """The condition that a person has to say who it is, since the machine is not sure."""
    return sa.and_(sa.text(UNDECIDED))


def to_check() -> sa.ColumnElement[bool]:
    """The condition that the link was accepted and drawn for a blind check."""
    return sa.and_(sa.text(TO_CHECK))


PLACE = (Page.batch_id, Page.file, Page.frame)         # with the entry's row, the arguments of `place_name`


def place_name(batch_id: str, file: str, frame: int, row: int) -> str:
    """What names an entry whatever its row number in the database: file, frame and line of its book."""
    return f"{batch_id}/{file}/{frame}/{row}"


def place_of(page: Page, entry: Entry) -> str:
    return place_name(page.batch_id, page.file, page.frame, entry.row)


def apply_policy(link: Link, policy: Policy, place: str) -> bool:
    """Set an open link's probability, decision and check from `joint_probability` and `reasons`; whether it waits otherwise than before."""
    before = waits(link)
    if link.decided_by is not None:
        return False
    if link.decision == "none" or link.personal_id is None:
        link.blind = False
        return waits(link) != before
    link.probability = policy.calibration(link.joint_probability, link.role)
    link.decision = policy.verdict(link.role, link.joint_probability, held(link.reasons))
    link.candidates = _rescaled(link)
    accepted = link.decision == "accept"
    rate = policy.sampling.rate(link.role, link.joint_probability) if accepted else policy.sampling.review
    link.blind = policy.sampling.draws(place, link.role, rate)
    return waits(link) != before


def _rescaled(link: Link) -> list[dict[str, Any]]:
    """The candidates as people see them: the link's at its own probability, the rest shared as the linker did, which `linker` keeps."""
    said = [{**c, "linker": c.get("linker", c["probability"])} for c in link.candidates]
    before = next((c["linker"] for c in said if c["personal_id"] == link.personal_id), None)
    if before is None or (before == link.probability and not any("linker" in c for c in link.candidates)):
        return link.candidates
    factor = (1 - link.probability) / (1 - before) if before < 1 else 0.0
    for c in said:
        c["probability"] = round(link.probability if c["personal_id"] == link.personal_id else c["linker"] * factor, 6)
    return said
