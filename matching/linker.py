"""Link the people of register entries to the population: candidates, the family together, a probability and a decision for every role."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matching.blocking import Blocks
from matching.bonds import Bonds, named_in, relatives
from matching.comparisons import name_level
from matching.decision import Candidate, LinkDecision, Verdict
from matching.entry import Entry, RoleReading, read_entry
from matching.evidence import Comparer, RoleEvidence
from matching.household import Household, Posterior
from matching.model import LinkModel, load_model
from matching.population import PopulationIndex
from ocr.lattice import Lattice
from records.record import DraftRecord

_SHOWN = 5                  # candidates kept with a decision
_FAMILY_OF = 4              # so many of the best candidates bring their families
_NEWBORN = "nks"            # the role that one register book holds once
_PARENT_OF = {"me": "cha", "cha": "me"}     # the other parent
_CHUNK = 500                # entries whose tokens are compared with the vocabulary at once


@dataclass(frozen=True)
class _Scored:
    entry: Entry
    evidence: dict[str, RoleEvidence]
    posterior: Posterior


class Linker:
    """Links entries to one population under one model; the same entry always gets the same answer, whatever was linked before."""

    def __init__(self, index: PopulationIndex, model: LinkModel | None = None) -> None:
        self.index, self.model = index, model or load_model()
        self._comparer = Comparer(index, self.model, Blocks(index))
        self._household = Household(index, self.model, self._comparer.names)
        self._bonds = Bonds(self._household)

    @property
    def comparer(self) -> Comparer:
        """All comparisons of one role with people, for whoever estimates their parameters."""
        return self._comparer

    def link_entry(self, record: DraftRecord, lattices: Mapping[str, Lattice] | None = None) -> dict[str, LinkDecision]:
        """Decisions by role of one draft record; `lattices` by field code. Empty for a kind whose people are not linked."""
        return self.link_book([record], [lattices or {}])[0]

    def link_book(self, records: Sequence[DraftRecord], lattices: Sequence[Mapping[str, Lattice]] | None = None,
                  progress: Callable[[int, int], None] | None = None) -> list[dict[str, LinkDecision]]:
        """Decisions of all entries of one book, which does not register one newborn twice. `progress` gets (done, of)."""
        images = lattices or [{}] * len(records)
        return self.link([read_entry(r, x) for r, x in zip(records, images, strict=True)], progress)

    def link(self, entries: Sequence[Entry], progress: Callable[[int, int], None] | None = None) -> list[dict[str, LinkDecision]]:
        """The same for entries already read."""
        scored = list(self._score_all(entries, progress))
        settled = self._one_entry_each(scored)
        return [self._decide(s, barred) for s, barred in zip(scored, settled, strict=True)]

    def candidates(self, entry: Entry) -> dict[str, np.ndarray]:
        """Rows that blocking brings for each role, before any family is looked at; for measuring its recall."""
        return {r.role: self._comparer.candidates(r, entry.year, tuple(o for o in entry.roles if o.role != r.role)) for r in entry.roles}

    def name_edits(self, reading: RoleReading, personal_id: str) -> float:
        """Edits between the name read and the person's name."""
        return self._comparer.names.edits(list(reading.tokens), int(self.index.name[self.index.row_of[personal_id]]))

    # ---- scoring ----------------------------------------------------------------------------------------------------------------

    def _score_all(self, entries: Sequence[Entry], progress: Callable[[int, int], None] | None) -> Iterator[_Scored]:
        for start in range(0, len(entries), _CHUNK):
            chunk = entries[start:start + _CHUNK]
            self.index.names.vocabulary.prepare([t for e in chunk for r in e.roles for t in r.tokens])
            for entry in chunk:
                yield self._score(entry)
            if progress:
                progress(min(start + _CHUNK, len(entries)), len(entries))

    def _score(self, entry: Entry) -> _Scored:
        evidence = {}
        for reading in entry.roles:
            others = tuple(o for o in entry.roles if o.role != reading.role)
            rows = self._comparer.candidates(reading, entry.year, others)
            scored = self._comparer.compare(reading, entry.year, rows)
            evidence[reading.role] = scored.take(self._best(scored, self._hint(reading, others, rows)))
        related = relatives(self.index, entry, {role: [int(x) for x in e.rows[:_FAMILY_OF]] for role, e in evidence.items()})
        for reading in entry.roles:
            extra = np.setdiff1d(related[reading.role], evidence[reading.role].rows)
            if len(extra):
                rows = np.concatenate((evidence[reading.role].rows, extra))
                evidence[reading.role] = self._comparer.compare(reading, entry.year, rows)
        return _Scored(entry, evidence, self._posterior(entry, evidence))

    def _best(self, scored: RoleEvidence, hint: np.ndarray) -> np.ndarray:
        total = np.logaddexp.reduce(scored.weights + self.model.log_shares[:, None], axis=0) + scored.place + scored.log_prior + hint
        return np.lexsort((scored.rows, -total))[: self.model.candidates_kept]

    def _hint(self, reading: RoleReading, others: tuple[RoleReading, ...], rows: np.ndarray) -> np.ndarray:
        """What the names of the others say of each candidate by the population's own columns; only to choose whom to keep."""
        index, names = self.index, self._comparer.names
        out = np.zeros(len(rows))
        for other in others:
            column = named_in(index, reading.role, other)
            if column is not None and other.tokens:
                out += np.logaddexp.reduce(names.weights(list(other.tokens), column[rows], other.sex) + self.model.log_shares[:, None],
                                           axis=0)
        return out

    def _posterior(self, entry: Entry, evidence: dict[str, RoleEvidence]) -> Posterior:
        if entry.kind == "KS":
            read = (entry.role("nks"), entry.role("me"), entry.role("cha"))
            return self._household.birth(evidence["nks"], evidence["me"], evidence["cha"], read)
        if entry.kind == "KH":
            return self._household.couple(evidence["vo"], evidence["chong"])
        return self._bonds.posterior(entry, evidence)

    # ---- deciding ---------------------------------------------------------------------------------------------------------------

    def _one_entry_each(self, scored: list[_Scored]) -> list[int]:
        """For each entry the row of a newborn that a surer entry of the same book has, or -1. Ties go to the earlier entry."""
        claims: dict[int, list[tuple[float, int]]] = {}
        for k, s in enumerate(scored):
            if _NEWBORN in s.posterior.by_role and len(s.evidence[_NEWBORN].rows):
                p = s.posterior.by_role[_NEWBORN][:-1]
                best = int(p.argmax())
                claims.setdefault(int(s.evidence[_NEWBORN].rows[best]), []).append((-float(p[best]), k))
        barred = [-1] * len(scored)
        for row, claimants in claims.items():
            for _, k in sorted(claimants)[1:]:
                barred[k] = row
        return barred

    def _decide(self, scored: _Scored, barred: int) -> dict[str, LinkDecision]:
        out = {}
        for reading in scored.entry.roles:
            p = scored.posterior.by_role[reading.role]
            evidence = scored.evidence[reading.role]
            order = np.lexsort((evidence.rows, -p[:-1]))[:_SHOWN]
            candidates = tuple(Candidate(self.index.ids[evidence.rows[k]], float(p[k]), self._explain(reading, evidence,
                int(k))) for k in order)
            best = candidates[0] if candidates else None
            held = self._held(scored, reading, best, barred)
            verdict = self._verdict(best, bool(held))
            linked = best.personal_id if best and verdict != "none" else None
            out[reading.role] = LinkDecision(reading.role, linked, best.probability if best else 0.0, verdict, candidates, held)
        return out

    def _partnered_elsewhere(self, scored: _Scored, role: str, personal_id: str) -> bool:
        """Whether this parent has a partner by number who is not the entry's other parent, and the newborn's row does not give this
        parent's number: a namesake of a parent who is not in the population looks just so, and only a person can tell."""
        other = _PARENT_OF.get(role)
        row = self.index.row_of[personal_id]
        partners = self.index.families.partners(row)
        if other is None or not len(partners):
            return False
        newborn, second = (self._best_row(scored, r) for r in (_NEWBORN, other))
        numbers = self.index.mother if role == "me" else self.index.father
        return second not in partners and (newborn < 0 or int(numbers[newborn]) != row)

    @staticmethod
    def _best_row(scored: _Scored, role: str) -> int:
        """The row that a role most likely is, or -1 for nobody of the population."""
        p = scored.posterior.by_role[role]
        best = int(p.argmax())
        return int(scored.evidence[role].rows[best]) if best < len(p) - 1 else -1

    def _held(self, scored: _Scored, reading: RoleReading, best: Candidate | None, barred: int) -> tuple[str, ...]:
        """Codes of what keeps this link from being accepted, some of matching.decision.HELD."""
        if best is None:
            return ()
        found = (("nothing_read", reading.silent),
                 ("claimed_in_book", reading.role == _NEWBORN and self.index.row_of[best.personal_id] == barred),
                 ("partnered_elsewhere", self._partnered_elsewhere(scored, reading.role, best.personal_id)))
        return tuple(code for code, holds in found if holds)

    def _verdict(self, best: Candidate | None, held: bool) -> Verdict:
        if best is None or best.probability < self.model.refuse:
            return "none"
        return "accept" if best.probability >= self.model.accept and not held else "review"

    def _explain(self, reading: RoleReading, evidence: RoleEvidence, k: int) -> tuple[tuple[str, str, float], ...]:
        row = int(evidence.rows[k])
        out = []
        for comparison, weights in evidence.parts.items():
            weight = float(weights[k])
            if not weight:
                continue
            level = "agrees" if weight > 0 else "differs"
            if comparison == "name" and reading.tokens:
                level = name_level(self._comparer.names.edits(list(reading.tokens), int(self.index.name[row])))
            if comparison == "birth" and weight > 0:
                level = self._birth_level(reading.date, row)
            out.append((comparison, level, round(weight, 3)))
        return tuple(out)

    def _birth_level(self, read: str, row: int) -> str:
        """In what way a birthday that speaks for this person agrees: agrees, same year, look-alike."""
        index = self.index
        have = (int(index.year[row]), int(index.month[row]), int(index.day[row]))
        parts = [int(p) if p else 0 for p in read.split("-")]
        if all(p in (0, h) or not h for p, h in zip(parts, have, strict=False)):
            return "agrees"
        return "same year" if parts[0] == have[0] else "look-alike"
