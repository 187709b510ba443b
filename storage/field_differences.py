"""Two people's versions of an entry, field by field: what differs once spelling that means the same is set aside."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from records.forms import load_forms
from records.text import fold, nfc
from storage.check_policy import KindPolicy
from storage.entry_versions import Values

Outcome = Literal["same", "open", "noted", "first", "second", "other"]
FIELD, LINK = "field:", "link:"
_CATEGORIES = frozenset({"sex", "ethnicity", "nationality"})
_KINDS: Mapping[str, str] = {
    "name": "name", "signer": "name", "date": "date", "year": "date", "age": "date", "date_words": "date", "time": "date",
    "entry_number": "number", "book_number": "number", "page_number": "number", "personal_number": "number", "place": "place",
    **{c: "choice" for c in _CATEGORIES},
}


def same(a: str, b: str) -> bool:
    """Whether two values say the same: in NFC, case and punctuation aside, the tone mark wherever it sits (records.text.fold). Figures and
    dates to the letter: `2017` and `2017?` are not the same."""
    a, b = nfc(a), nfc(b)
    return a == b or (any(c.isalpha() for c in a + b) and fold(a) == fold(b))


def compare(first: Values, second: Values, policy: KindPolicy) -> dict[str, str]:
    """`field:CODE` and `link:ROLE` -> same; open, to be settled; noted, they differ and the policy does not ask them to agree."""
    out: dict[str, str] = {}
    for code in sorted({*first.fields, *second.fields}):
        a, b = first.fields.get(code, ""), second.fields.get(code, "")
        if a or b:
            out[FIELD + code] = "same" if same(a, b) else "open" if policy.must_agree(code) else "noted"
    for role in sorted({*first.links, *second.links}):
        alike = first.links.get(role) == second.links.get(role)
        out[LINK + role] = "same" if alike else "open" if policy.links else "noted"
    return out


def still_open(outcome: Mapping[str, str]) -> list[str]:
    return [key for key, what in outcome.items() if what == "open"]


def kind_of(key: str, form: str | None) -> str:
    """name | date | number | place | choice | link | text: the kind of field that `key` names, by the form's blank of that code."""
    if key.startswith(LINK):
        return "link"
    code, page = key.removeprefix(FIELD), load_forms().get(form or "")
    if page is None:
        return "text"
    if any(t.code == code for t in page.ticks):
        return "choice"
    blank = next((b for b in page.blanks if b.code == code), None)
    return _KINDS.get(blank.type, "text") if blank is not None else "text"
