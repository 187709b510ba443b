"""Consistency rules of register entries: `check` for one entry, `check_book` for the entries of a book in their order.

hard: impossible by law or nature, so something was misread or miswritten. soft: rare; a person should look. No rule ever changes a value.
The rules of one entry are in records.entry_rules and records.family_rules.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from records import entry_rules, family_rules
from records.forms import Form
from records.places import Gazetteer, default_gazetteer
from records.record import DraftRecord, Finding
from records.rule_facts import Facts, spoken, surely_before
from records.rule_registry import RULES
from records.text import fold

__all__ = ["RULES", "check", "check_book", "entry_rules", "family_rules"]


def check(record: DraftRecord, form: Form | None = None, opened: date | None = None, closed: date | None = None, office: str = "",
          gazetteer: Gazetteer | None = None) -> list[Finding]:
    """What an entry breaks, hard findings first, then in the order of the rules.

    form: which values its form asks for (a main person without a name is a finding); opened, closed: the book's days; office: noiDangKy of
    the book, used where the entry itself holds none.
    """
    facts = Facts(record, opened, closed, office, gazetteer or default_gazetteer())
    found = [finding for kinds, rule in RULES if not kinds or record.kind in kinds for finding in rule(facts)]
    found += _missing_names(record, form)
    return sorted(found, key=lambda x: x.severity != "hard")


def _missing_names(record: DraftRecord, form: Form | None) -> list[Finding]:
    """The people the book is about must have a name: the first role of the form, both in a marriage."""
    if form is None:
        return []
    needed = form.roles[:2] if record.kind == "KH" else form.roles[:1]
    codes = [b.code for b in form.blanks if b.type == "name" and b.code and b.code.removesuffix("HoTen") in needed]
    empty = [c for c in codes if not (record.fields.get(c) and record.fields[c].value.strip())]
    return [Finding("missing-value", "hard", (c,), "Chưa có họ, chữ đệm, tên.", "The name is missing.") for c in empty]


def check_book(records: Sequence[DraftRecord]) -> list[tuple[int, Finding]]:
    """What entries of a book break together, as (place in `records`, finding); `records` in the order of the pages.

    Numbers run from 1 each year and go on in the next book (NĐ 158/2005 Điều 68), so a book may begin anywhere and restart at a new year;
    a gap is one inside the run. All soft: pages may have been scanned in another order, or not at all.
    """
    facts = [Facts(r) for r in records]
    return sorted([*_repeats(facts), *_gaps(facts), *_backwards(facts), *_lone_signers(facts)], key=lambda x: (x[0], x[1].rule))


def _year(f: Facts) -> int | None:
    if f.number and f.number.year:
        return f.number.year
    return f.registered.year if f.registered else None


def _repeats(facts: Sequence[Facts]) -> list[tuple[int, Finding]]:
    seen: dict[tuple[int | None, str], int] = {}
    out = []
    for k, f in enumerate(facts):
        if f.number is None:
            continue
        key = (_year(f), str(f.number))
        if key in seen:
            first = seen[key] + 1
            out.append((k, Finding("number-repeated", "soft", ("so",), f"Số {f.number} đã có ở trường hợp thứ {first} của quyển.",
                                   f"Number {f.number} stands at entry {first} of the book too.")))
        else:
            seen[key] = k
    return out


def _gaps(facts: Sequence[Facts]) -> list[tuple[int, Finding]]:
    by_year: dict[int | None, dict[int, int]] = defaultdict(dict)
    for k, f in enumerate(facts):
        if f.number is not None:
            by_year[_year(f)].setdefault(f.number.number, k)
    out = []
    for numbers in by_year.values():
        ordered = sorted(numbers)
        for before, after in pairwise(ordered):
            if after - before > 1:
                missing = f"{before + 1}" if after - before == 2 else f"{before + 1}–{after - 1}"
                out.append((numbers[after], Finding("number-gap", "soft", ("so",), f"Thiếu số {missing} trước trường hợp này.",
                                                    f"Number {missing} is missing before this entry.")))
    return out


def _backwards(facts: Sequence[Facts]) -> list[tuple[int, Finding]]:
    """Dates of registration that fall while the numbers of the same year rise; a wrong one is told once, at the entry that sticks out."""
    out = []
    dated = [(k, f) for k, f in enumerate(facts) if f.registered is not None and f.number is not None]
    for n in range(1, len(dated)):
        (_, before), (k, f) = dated[n - 1], dated[n]
        rises = _year(before) == _year(f) and before.number.number < f.number.number        # type: ignore[union-attr]
        if not rises or not surely_before(f.registered, before.registered):                 # type: ignore[arg-type]
            continue
        odd = k
        if n >= 2 and not surely_before(f.registered, dated[n - 2][1].registered):          # type: ignore[arg-type]
            odd = dated[n - 1][0]
        shown = facts[odd].registered
        out.append((odd, Finding("date-order", "soft", ("ngayDangKy", "so"),
                                 f"Ngày đăng ký {spoken(shown)} không theo thứ tự của số.",                 # type: ignore[arg-type]
                                 f"The date of registration {spoken(shown)} breaks the order of the numbers.")))   # type: ignore[arg-type]
    return out


def _lone_signers(facts: Sequence[Facts]) -> list[tuple[int, Finding]]:
    """Domain rule 14: one person signs for a run of entries; a signer between two entries of another is likely a misreading."""
    signed = [(k, fold(f.text("nguoiKy"))) for k, f in enumerate(facts) if f.has("nguoiKy")]
    return [(k, Finding("lone-signer", "soft", ("nguoiKy",), "Người ký khác với các trường hợp ngay trước và ngay sau.",
                        "Another signer than just before and just after."))
            for (_, before), (k, name), (_, after) in zip(signed, signed[1:], signed[2:], strict=False) if before == after != name]
