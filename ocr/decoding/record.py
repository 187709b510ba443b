"""All fields of one entry from their lattices: each kind by its own module, in the order in which one helps the next."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ocr.decoding import closed, names, numbers, people, places
from ocr.decoding.addresses import read_address
from ocr.decoding.ages import read_age
from ocr.decoding.context import Context, Decoded
from ocr.decoding.dates import DateScores, favour, settle, years_of
from ocr.decoding.folding import plain
from ocr.decoding.name_prior import name_log_prior
from ocr.decoding.personal_number import NumberCandidates, birth_of, search_numbers, weigh_number
from ocr.decoding.record_dates import AGES, heard_from_number, number_of, number_prior, read_dates
from ocr.decoding.times import read_time
from ocr.lattice import Lattice
from records.forms import FieldType
from records.names import written_case
from records.text import nfc

SEX_OF_ROLE = {"me": "Nữ", "cha": "Nam", "vo": "Nữ", "chong": "Nam"}
DOUBTFUL_PLACE = 0.3        # below this probability of a commune the line is read as an address as well
DETAIL = 4                  # letters more than the commune's that make it one
RELATION_OF = {"Cha": "cha", "Bố": "cha", "Cha đẻ": "cha", "Mẹ": "me", "Mẹ đẻ": "me"}


@dataclass
class _Entry:
    types: Mapping[str, FieldType]
    lattices: Mapping[str, Lattice]
    context: Context
    numbers: Mapping[str, NumberCandidates]
    out: dict[str, Decoded] = field(default_factory=dict)
    dates: dict[str, DateScores] = field(default_factory=dict)
    sexes: dict[str, dict[str, float]] = field(default_factory=dict)

    def codes(self, *kinds: str) -> list[str]:
        return [c for c, k in self.types.items() if k in kinds and c in self.lattices]

    def choice(self, code: str, found: object, *evidence: str) -> None:
        if found is not None:
            self.out[code] = Decoded(found.value, found.probability, ("lattice", *evidence))      # type: ignore[attr-defined]


def decode_record(types: Mapping[str, FieldType], lattices: Mapping[str, Lattice], context: Context) -> dict[str, Decoded]:
    """Values of the fields in `lattices`; types: code -> kind of field, in the form's order. Every field gets a value, free text at
    worst."""
    e = _Entry(types, lattices, context, search_all_numbers(types, lattices))
    _numbers(e)
    e.out.update(_dates(e))
    for code in e.codes("time"):
        e.choice(code, read_time(e.lattices[code], context.temperature("number")))
    _closed(e)
    _people(e)
    _personal_numbers(e)
    _places(e)
    for code, lattice in lattices.items():
        if code not in e.out and code in types:
            text = nfc(lattice.best_text())
            e.out[code] = Decoded(text, _free_confidence(lattice), ("free-text",))
    return e.out


def search_all_numbers(types: Mapping[str, FieldType], lattices: Mapping[str, Lattice]) -> dict[str, NumberCandidates]:
    """What the fields of personal numbers may hold, by code."""
    return {c: search_numbers(lattices[c]) for c, k in types.items() if k == "personal_number" and c in lattices}


def _free_confidence(lattice: Lattice) -> float:
    """Probability of the best path, tempered: all there is to go by for text that no list knows."""
    return min(0.9, math.exp(0.5 * lattice.best_log_prob() - 0.05 * len(lattice.best_text())))


def _numbers(e: _Entry) -> None:
    ctx = e.context
    for code in e.codes("entry_number"):
        e.choice(code, numbers.read_entry_number(e.lattices[code], ctx.year, ctx.number, ctx.temperature("number"), ctx.number_trust),
                 *(("sequence",) if ctx.number else ()))
    for code in e.codes("book_number"):
        e.choice(code, numbers.read_book_number(e.lattices[code], ctx.year, ctx.book_number, ctx.temperature("number")),
                 *(("declared",) if ctx.book_number else ()))
    for code in e.codes("page_number"):
        e.choice(code, numbers.read_page_number(e.lattices[code], ctx.number, ctx.temperature("number")))
    if "gbtSo" in e.lattices:
        found = numbers.read_entry_number(e.lattices["gbtSo"], ctx.year, ctx.number, ctx.temperature("number"), 0.3)
        if found is not None and found.probability > 0.5:
            year = f"/{ctx.year}" if ctx.year and found.text.endswith(str(ctx.year)) else ""
            e.out["gbtSo"] = Decoded(found.value + year, found.probability)


def _dates(e: _Entry) -> dict[str, Decoded]:
    out, e.dates = read_dates(e.types, e.lattices, e.context, e.numbers)
    for code in e.codes("age"):
        least, usual, greatest = AGES.get(code.removesuffix("NgaySinh"), (0, 40, 105))
        found = read_age(e.lattices[code], least, usual, greatest, _registered_in(out, e.context), e.context.temperature("year"))
        if found is not None:
            out[code] = Decoded(found.value, found.probability)
    for code in e.codes("date_words"):
        event = out.get(code.removesuffix("BangChu"))
        if event is not None:
            out[code] = Decoded(_words_of(event.value, e.lattices[code]), event.confidence, event.evidence)
    return out


def _registered_in(dates: Mapping[str, Decoded], context: Context) -> int | None:
    day = dates.get("ngayDangKy")
    return int(day.value[:4]) if day is not None and day.value[:4].isdigit() else context.year


def _words_of(value: str, lattice: Lattice) -> str:
    """The form of the date in words that the image shows best."""
    from ocr.decoding.folding import fold_text
    from records.dates import PartialDate, all_word_forms

    day = PartialDate.parse(value)
    if day.day is None:
        return nfc(lattice.best_text())
    forms = all_word_forms(day)
    return forms[int(fold_text(lattice).scores([plain(f) for f in forms]).argmax())]


def _closed(e: _Entry) -> None:
    ctx = e.context
    ethnicities = {k: w + 3 * ctx.ethnicities.get(k, 0.0) for k, w in closed.ETHNICITIES.items()}
    for code in e.codes("ethnicity"):
        e.choice(code, closed.read_closed(e.lattices[code], ethnicities, ctx.temperature("closed")), "list")
    for code in e.codes("nationality"):
        e.choice(code, closed.read_closed(e.lattices[code], closed.NATIONALITIES, ctx.temperature("closed")), "list")
    for code in e.codes("relation"):
        e.choice(code, closed.read_closed(e.lattices[code], closed.RELATIONS, ctx.temperature("closed")), "list")
    if "nktNguyenNhanChet" in e.lattices:
        cause = closed.read_closed(e.lattices["nktNguyenNhanChet"], closed.DEATH_CAUSE, ctx.temperature("closed"))
        e.choice("nktNguyenNhanChet", cause, "list")


def _people(e: _Entry) -> None:
    """Names and sexes, which say something of each other; the one who declares a birth is most often father or mother."""
    t = e.context.temperature("name")
    found: dict[str, names.NameCandidates] = {}
    for code in e.codes("name"):
        owner = code.removesuffix("HoTen")
        found[owner] = names.search_names(e.lattices[code], t, SEX_OF_ROLE.get(owner))
        if SEX_OF_ROLE.get(owner):
            e.sexes[owner] = {SEX_OF_ROLE[owner]: 1.0}
    for owner in found:
        code = owner + "GioiTinh"
        if code in e.lattices:
            choice = people.read_alone(found[owner], t, e.sexes.get(owner, {}))
            weights = _sexes_by_name(choice.ranking) if choice else closed.SEX
            weights = {k: w * _sex_by_number(e, owner).get(k, 0.5) for k, w in weights.items()}
            said = closed.read_closed(e.lattices[code], weights, e.context.temperature("closed"), may_be_other=False)
            e.choice(code, said, "list", "name")
            e.sexes[owner] = dict(said.ranking) if said else {}
    if e.context.kind == "KS":
        _family(e, found, t)
    for owner, candidates in found.items():
        if owner + "HoTen" not in e.out:
            e.choice(owner + "HoTen", people.read_alone(candidates, t, e.sexes.get(owner, {})), "name-tokens")
    for code in e.codes("signer"):
        _signer(e, code)


def _sexes_by_name(ranking: tuple[tuple[str, float], ...]) -> dict[str, float]:
    out = {"Nam": 1e-3, "Nữ": 1e-3}
    for name, p in ranking:
        w = {s: name_log_prior(name.lower(), s) for s in out}
        top = max(w.values())
        each = {s: math.exp(max(-4.0, x - top)) for s, x in w.items()}
        for s in out:
            out[s] += p * each[s] / sum(each.values())
    return out


def _sex_by_number(e: _Entry, owner: str) -> dict[str, float]:
    out = {"Nam": 0.1, "Nữ": 0.1}
    for code in number_of(owner):
        if code in e.numbers:
            choice = weigh_number(e.numbers[code], number_prior(owner, e.context), e.context.temperature("personal_number"))
            for value, p in choice.ranking if choice else ():
                born = birth_of(value)
                if born:
                    out[born[1]] += p
    total = sum(out.values())
    return {k: v / total for k, v in out.items()}


def _family(e: _Entry, found: Mapping[str, names.NameCandidates], t: float) -> None:
    """Names of an entry of birth, read together; a declarant who is a parent has the parent's year of birth."""
    relation = e.out.get("nycQuanHe")
    says = RELATION_OF.get(relation.value, "") if relation and relation.confidence > 0.5 else None
    family = people.read_family(found, t, e.sexes, says)
    for owner, choice in family.names.items():
        same = family.declarant.get(owner, 0.0) if owner != people.DECLARANT else 1 - family.declarant.get("", 1.0)
        e.choice(owner + "HoTen", choice, "name-tokens", *(("same-person",) if same > 0.5 else ()))
    parent = max(family.declarant, key=lambda w: family.declarant[w], default="")
    p = family.declarant.get(parent, 0.0)
    if parent and p > 0.5:
        e.sexes[people.DECLARANT] = {SEX_OF_ROLE[parent]: p}
        born = parent + "NgaySinh"
        if born in e.dates:
            e.dates[people.DECLARANT + "NgaySinh"] = e.dates[born]
            heard = heard_from_number(people.DECLARANT, e.numbers, e.context)
            year = settle(favour(e.dates[born], heard, 1.05 - p)) if heard else None
            if year is not None:
                e.out[born] = Decoded(year.value, year.probability, ("lattice", "personal-number"))


def _signer(e: _Entry, code: str) -> None:
    """Name and office of who signed: what the rest of the book says, else a name and, after a comma, one of the usual titles."""
    lattice, t = e.lattices[code], e.context.temperature("name")
    if e.context.signers:
        known = closed.read_closed(lattice, e.context.signers, t)
        if known is not None and known.probability > 0.5:
            e.choice(code, known, "book")
            return
    candidates = names.search_names(lattice, t, keep=8)
    texts = {}
    for text in candidates.texts[:8]:
        words = text.split()
        for n in range(2, min(6, len(words)) + 1):
            texts[" ".join(words[:n])] = name_log_prior(" ".join(words[:n]))
    listed = {
        f"{written_case(n)}, {title}": math.exp(max(-60.0, w)) * share for n, w in texts.items() for title, share in closed.TITLES.items()
    }
    choice = closed.read_closed(lattice, listed, t, may_be_other=False) if listed else None
    e.choice(code, choice, "list", "name-tokens")


def _personal_numbers(e: _Entry) -> None:
    for code in e.codes("personal_number"):
        owner = code.removesuffix("SoDinhDanh").removesuffix("SoGiayToTuyThan")
        sexes = e.sexes.get(owner, {})
        sex = max(sexes, key=lambda s: sexes[s]) if sexes and max(sexes.values()) > 0.85 else None
        years = years_of(e.dates[owner + "NgaySinh"]) if owner + "NgaySinh" in e.dates else {}
        prior = number_prior(owner, e.context, sex, years)
        e.choice(code, weigh_number(e.numbers[code], prior, e.context.temperature("personal_number")), "structure")


def _says_more(lattice: Lattice, text: str) -> bool:
    """Whether the line holds clearly more letters than the place found in it: a hamlet, a street before it."""
    return len(plain(lattice.best_text())) - len(text) >= DETAIL


def _places(e: _Entry) -> None:
    day = e.out.get("ngayDangKy")
    on = date.fromisoformat(day.value) if day else date(e.context.year or 2018, 7, 1)
    for code in e.codes("place"):
        found = places.read_place([e.lattices[code]], on, e.context.office, e.context.temperature("place"), e.context.places)
        more = found is not None and _says_more(e.lattices[code], found.choice.text)
        if found is None or more or found.choice.probability < DOUBTFUL_PLACE:
            address = read_address(e.lattices[code], e.context.temperature("address"), e.context.places)
            unit = address.unit.code if address and address.unit and address.unit.level == "commune" else None
            if address and (found is None or address.probability > (DOUBTFUL_PLACE if more and unit else found.choice.probability)):
                e.out[code] = Decoded(address.text, address.probability, ("lattice", "address"), unit)
                continue
        if found is not None:
            e.out[code] = Decoded(found.choice.value, found.choice.probability, ("lattice", "gazetteer"), found.code)
