"""Link the people of register entries to the population: candidates, the family together, a probability and a decision for every role."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from matching.bonds import Bonds, Person, weighed_together
from matching.book_rule import one_entry_each
from matching.decision import Candidate, LinkDecision, Verdict
from matching.entry import Entry, RoleReading, read_entry
from matching.evidence import Comparer, Evidence
from matching.explanation import Explainer
from matching.household import family_model, posteriors
from matching.model import LinkModel, load_model
from matching.population import PopulationIndex
from matching.readings import NEWBORN, Readings, first_of
from matching.relatives import with_relatives
from ocr.lattice import Lattice
from records.record import DraftRecord

CHUNK = 500                 # entries compared at once
_SHOWN = 5                  # candidates kept with a decision
_NEGLIGIBLE = 1e-6          # probability of a candidate, beside the likeliest, that nobody needs to see
_PARENT_OF = {"me": "cha", "cha": "me"}     # the other parent
_WEIGHED_WHOLE = frozenset(("KS", "KH", "KT"))


class Linker:
    """Links entries to one population under one model; the same entry always gets the same answer, whatever is linked with it."""

    def __init__(self, index: PopulationIndex, model: LinkModel | None = None) -> None:
        self.index, self.model = index, model or load_model()
        self._comparer = Comparer(index, self.model)
        self._family = family_model(index, self.model, self._comparer.names.kernel)
        self._bonds = Bonds(index.people, self._family.ties, self.model)
        self._explainer = Explainer(index, self._comparer.names)

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
        decided: list[dict[str, LinkDecision]] = []
        for start in range(0, len(entries), CHUNK):
            decided += self.link_apart(entries[start:start + CHUNK])
            if progress:
                progress(len(decided), len(entries))
        return one_entry_each(decided)

    def link_apart(self, entries: Sequence[Entry]) -> list[dict[str, LinkDecision]]:
        """Decisions of entries each by itself; all are in memory at once, so pass some hundreds."""
        if not any(e.roles for e in entries):
            return [{} for _ in entries]
        readings, evidence, excess = self._compared(entries)
        of_candidate, of_nobody = posteriors(_groups(entries), readings, evidence, excess, self._family, self.model)
        parts = self._explainer.parts(evidence)
        out = []
        for first, entry in zip(first_of(entries), entries, strict=False):
            if entry.kind not in _WEIGHED_WHOLE:
                self._hear_bonds(entry, first, readings, evidence, of_candidate, of_nobody)
            out.append(self._decide(entry, first, evidence, parts, of_candidate, of_nobody))
        return out

    def candidates(self, entry: Entry) -> dict[str, np.ndarray]:
        """Rows that blocking brings for each role, before any family is looked at; for measuring its recall."""
        return self._by_role(entry, *self._comparer.candidates([entry]))

    def compared(self, entry: Entry) -> dict[str, np.ndarray]:
        """Rows that reach the last comparison for each role, those that families bring among them; for measuring recall."""
        _, evidence, _ = self._compared([entry])
        return self._by_role(entry, evidence.starts, evidence.rows)

    def name_edits(self, reading: RoleReading, personal_id: str) -> float:
        """Edits between the name read and the person's name."""
        return self._comparer.names.edits(reading.tokens, int(self.index.name[self.index.row_of[personal_id]]))

    # ---- scoring ----------------------------------------------------------------------------------------------------------------

    def _compared(self, entries: Sequence[Entry]) -> tuple[Readings, Evidence, np.ndarray]:
        comparer = self._comparer
        starts, rows = comparer.candidates(entries)
        readings = comparer.read(entries)
        excess = np.zeros((len(readings.place), len(self.model.hands)))
        everyone = comparer.compare(entries, readings, starts, rows, excess, True)
        kept_starts, kept = comparer.best(readings, everyone, excess)
        starts, rows = with_relatives(readings.bonded, readings.roles.sex, kept_starts, everyone.rows[kept], self.index.people,
                                      self.index.families)
        return readings, comparer.compare(entries, readings, starts, rows, excess, False), excess

    @staticmethod
    def _by_role(entry: Entry, starts: np.ndarray, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {r.role: rows[starts[k]:starts[k + 1]] for k, r in enumerate(entry.roles)}

    def _hear_bonds(self, entry: Entry, first: int, readings: Readings, evidence: Evidence, of_candidate: np.ndarray, of_nobody: np.ndarray
                    ) -> None:
        """Change the probabilities of an entry's roles by the bonds between them."""
        mine = {r.role: slice(evidence.starts[k], evidence.starts[k + 1]) for k, r in enumerate(entry.roles, first)}
        people = {role: Person(evidence.rows[mine[role]], np.append(evidence.log_prior[mine[role]], readings.roles.log_absent[k]),
                               np.append(of_candidate[mine[role]], of_nobody[k])) for k, role in enumerate(mine, first)}
        for role, p in self._bonds.heard(people).items():
            of_candidate[mine[role]], of_nobody[first + list(mine).index(role)] = p[:-1], p[-1]

    # ---- deciding ---------------------------------------------------------------------------------------------------------------

    def _decide(self, entry: Entry, first: int, evidence: Evidence, parts: np.ndarray, of_candidate: np.ndarray, of_nobody: np.ndarray
                ) -> dict[str, LinkDecision]:
        shown, best_row = {}, {}
        for r, reading in enumerate(entry.roles, first):
            mine = slice(int(evidence.starts[r]), int(evidence.starts[r + 1]))
            rows, p = evidence.rows[mine], of_candidate[mine]
            order = np.lexsort((rows, -p))[:_SHOWN].tolist()
            shown[reading.role] = [(int(rows[k]), float(p[k]), mine.start + k) for k in order if k == order[0] or p[k] >= _NEGLIGIBLE]
            best_row[reading.role] = int(rows[order[0]]) if order and p[order[0]] >= of_nobody[r] else -1
        out = {}
        for reading in entry.roles:
            candidates = tuple(
                Candidate(self.index.ids[row], p, self._explainer.explain(reading, row, parts[k], float(evidence.log_prior[k])))
                for row, p, k in shown[reading.role])
            held = self._held(reading, shown[reading.role][0][0], best_row) if candidates else ()
            probability = candidates[0].probability if candidates else 0.0
            verdict = self._verdict(probability, bool(held)) if candidates else "none"
            linked = candidates[0].personal_id if verdict != "none" else None
            out[reading.role] = LinkDecision(reading.role, linked, probability, verdict, candidates, held)
        return out

    def _held(self, reading: RoleReading, row: int, best_row: Mapping[str, int]) -> tuple[str, ...]:
        """Codes of what keeps this link from being accepted, some of matching.decision.HELD; `matching.book_rule` adds its own."""
        found = (("nothing_read", reading.silent), ("partnered_elsewhere", self._partnered_elsewhere(reading.role, row, best_row)))
        return tuple(code for code, holds in found if holds)

    def _partnered_elsewhere(self, role: str, row: int, best_row: Mapping[str, int]) -> bool:
        """Whether this parent has a partner by number who is not the entry's other parent, and the newborn's row does not give this
        parent's number: a namesake of a parent who is not in the population looks just so, and only a person can tell."""
        other = _PARENT_OF.get(role)
        partners = self.index.families.partners.of(row)
        if other is None or not len(partners):
            return False
        newborn, second = best_row.get(NEWBORN, -1), best_row.get(other, -1)
        numbers = self.index.mother if role == "me" else self.index.father
        return second not in partners and (newborn < 0 or int(numbers[newborn]) != row)

    def _verdict(self, probability: float, held: bool) -> Verdict:
        if probability < self.model.refuse:
            return "none"
        return "accept" if probability >= self.model.accept and not held else "review"


def _groups(entries: Sequence[Entry]) -> np.ndarray:
    """The readings weighed together, as `posteriors` takes them."""
    found = []
    for first, entry in zip(first_of(entries), entries, strict=False):
        at = {r.role: first + k for k, r in enumerate(entry.roles)}
        found += [[*(at[r] for r in roles), -1, -1][:3] for roles in weighed_together(entry.kind, tuple(at))]
    return np.array(found, dtype=np.int64).reshape(-1, 3)
