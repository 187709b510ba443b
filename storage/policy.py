"""Who may do what where: the one place that answers it, for Python and for queries alike. What no grant gives is refused.

A grant is a role with a scope: communes and kinds of register. A right holds at a place (commune, kind) when some grant of a role that
carries it covers both. What is not known yet (a book without a commune or a kind) is covered only by a scope without that limit.
`allows` answers for one place, `allowed` is the same answer as a condition of a query; the tests hold the two together.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

KINDS = ("KS", "KH", "KT", "NCM", "GH", "CN", "CC", "HN", "HS")
_SEES = frozenset({"batch.see", "report.see"})
_HANDS = frozenset({"extract.see", "extract.request", "extract.hand"})      # copies of extracts: taken in, handed out, confirmed
_SIGNS = frozenset({"extract.see", "extract.sign"})                         # the competent person; nobody gives the number besides signing
_BRINGS = _SEES | {"batch.upload", "batch.edit", "batch.send"}
ROLES: dict[str, frozenset[str]] = {
    "commune_officer": _BRINGS | _HANDS | {"review"},
    "commune_head": _SEES | _SIGNS | {"batch.send", "review", "approve", "record.see", "report.export"},
    "reviewer": _BRINGS | {"review", "record.see"},
    "approver": _SEES | _SIGNS | {"review", "approve", "record.see", "report.export"},
    "archivist": _SEES | _HANDS | {"extract.number", "record.see", "log.see", "report.export"},
    "auditor": _SEES | {"log.see", "report.export"},
    "administrator": _BRINGS | _HANDS | {"extract.number", "review", "approve", "record.see", "log.see", "report.export", "account.manage",
                                         "policy.manage"},
}
_PROGRAMS: Mapping[str, frozenset[str]] = {     # what a client's scope gives (storage.clients); no person has these
    "program.read": frozenset({"api.read"}), "program.copy": frozenset({"api.copy"}), "program.sync": frozenset({"batch.upload"}),
    "program.extract": frozenset({"api.extract"}), "program.vault": frozenset({"api.vault"}), "program.report": frozenset({"api.report"}),
    "program.feed": frozenset({"api.feed"}), "program.push": frozenset({"api.push"}),
}
RIGHTS = frozenset().union(*ROLES.values(), *_PROGRAMS.values())
WHOLE = frozenset({"log.see", "account.manage", "policy.manage", "api.report"})    # over all communes: one commune's grant gives none
RECORD = ("review", "approve", "record.see")                            # each shows what is written in a record


@dataclass(frozen=True)
class Grant:
    """A role and where it holds. communes, kinds: None means all, an empty set none."""

    role: str
    communes: frozenset[str] | None = None
    kinds: frozenset[str] | None = None

    @property
    def rights(self) -> frozenset[str]:
        return ROLES.get(self.role) or _PROGRAMS.get(self.role) or frozenset()

    @property
    def whole(self) -> bool:
        """Whether it holds for the whole province and every kind."""
        return self.communes is None and self.kinds is None

    def covers(self, commune: str | None, kind: str | None) -> bool:
        return (self.communes is None or commune in self.communes) and (self.kinds is None or kind in self.kinds)


@dataclass(frozen=True)
class Actor:
    """Who does something, a person or a program, and from where. Without `grants` it has its one role, in its commune or everywhere.

    commune_code: None when every grant reaches over the whole province, else a commune the actor works for; a summary for messages and
    the log, never a check. channel: portal api cli sync; address: network address of the request; client: id of the program.
    """

    name: str
    role: str = "administrator"
    commune_code: str | None = None
    display_name: str = ""
    grants: tuple[Grant, ...] | None = None
    channel: str = "cli"
    address: str = ""
    agency: str = ""

    def __post_init__(self) -> None:
        if self.grants is None:
            communes = None if self.commune_code is None else frozenset({self.commune_code})
            object.__setattr__(self, "grants", (Grant(self.role, communes),))

    @property
    def held(self) -> tuple[Grant, ...]:
        return self.grants or ()

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(g.role for g in self.held))

    def may(self, right: str, *, commune: str | Any | None = ..., kind: str | Any | None = ...) -> bool:
        """Without a place: whether the right holds somewhere, so that a page is worth showing. With one: whether it holds there;
        commune=None, kind=None mean a book of which that is not known."""
        if commune is ... and kind is ...:
            return any(_carries(g, right) for g in self.held)
        if commune is ... or kind is ...:
            raise TypeError("a place is a commune and a kind")
        return allows(self, right, commune, kind)

    def everywhere(self, right: str) -> bool:
        """Whether one grant gives the right over the whole province and every kind."""
        return any(g.whole and right in g.rights for g in self.held)

    def sees_commune(self, commune_code: str | None) -> bool:
        """Whether some grant reaches a book of this commune, whatever its kind."""
        return any(g.communes is None or commune_code in g.communes for g in self.held)

    def at(self, channel: str, address: str = "") -> Actor:
        """The same one, asking from there."""
        return replace(self, channel=channel, address=address)


def _carries(grant: Grant, right: str) -> bool:
    return right in grant.rights and (right not in WHOLE or grant.whole) and grant.communes != frozenset() and grant.kinds != frozenset()


def allows(actor: Actor, right: str, commune: str | None, kind: str | None) -> bool:
    """Whether the actor has the right over a book or record of that commune and kind."""
    return any(_carries(g, right) and g.covers(commune, kind) for g in actor.held)


def allowed(actor: Actor, right: str, commune: ColumnElement[Any] | Any, kind: ColumnElement[Any] | Any) -> ColumnElement[bool]:
    """`allows` as a condition on the columns that hold a row's commune and kind."""
    ways = [_covered(g, commune, kind) for g in actor.held if _carries(g, right)]
    return or_(*ways) if ways else false()


def _covered(grant: Grant, commune: Any, kind: Any) -> ColumnElement[bool]:
    limits = [column == min(values) if len(values) == 1 else column.in_(sorted(values))
              for column, values in ((commune, grant.communes), (kind, grant.kinds)) if values is not None]
    return and_(*limits) if limits else true()


def communes_of(actor: Actor, right: str) -> frozenset[str] | None:
    """The communes in which the actor has the right for some kind; None: all."""
    found = [g.communes for g in actor.held if _carries(g, right)]
    return None if None in found else frozenset().union(*(c for c in found if c is not None))


def kinds_of(actor: Actor, right: str, commune: str | None) -> frozenset[str] | None:
    """The kinds for which the actor has the right in that commune; None: all, those not known yet included."""
    found = [g.kinds for g in actor.held if _carries(g, right) and (g.communes is None or commune in g.communes)]
    return None if None in found else frozenset().union(*(k for k in found if k is not None))


def may_approve(actor: Actor, authors: Iterable[str], commune: str | None, kind: str | None) -> bool:
    """Whether the actor may pass an entry that these accounts wrote or decided: nobody approves their own work, whatever their roles."""
    return allows(actor, "approve", commune, kind) and actor.name not in set(authors)


def may_give(actor: Actor, grant: Grant) -> bool:
    """Whether the actor may give this grant to somebody: accounts are managed by those who manage the whole province."""
    return grant.role in ROLES and actor.may("account.manage")


def summary(grants: Collection[Grant]) -> tuple[str, str | None]:
    """(role, commune) that the account's row shows beside its grants: the first role; a commune unless all of them are for the province."""
    if not grants:
        return "", ""
    limited = sorted(c for g in grants for c in (g.communes if g.communes is not None else ()))
    return next(iter(grants)).role, limited[0] if limited else None
