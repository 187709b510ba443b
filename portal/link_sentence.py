"""Why a person is or is not likely, as one sentence: "điểm 0,71: cùng mẹ, năm sinh lệch 1". Compared is what stands on the screen."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portal.wording import Pair
from records.text import fold, strip_marks
from storage.models import Person

_NAMES: Sequence[tuple[str, Pair, Pair, Pair]] = (      # attribute, same, only marks differ, differs
    ("name", ("cùng họ tên", "same name"), ("họ tên chỉ khác dấu", "name differs in marks only"), ("họ tên khác", "another name")),
    ("mother_name", ("cùng mẹ", "same mother"), ("tên mẹ chỉ khác dấu", "mother's name differs in marks only"),
     ("mẹ khác", "another mother")),
    ("father_name", ("cùng cha", "same father"), ("tên cha chỉ khác dấu", "father's name differs in marks only"),
     ("cha khác", "another father")),
    ("spouse_name", ("cùng vợ/chồng", "same spouse"), ("tên vợ/chồng chỉ khác dấu", "spouse's name differs in marks only"),
     ("vợ/chồng khác", "another spouse")),
)
_UNSEEN: Mapping[str, Pair] = {"image": ("nét chữ", "handwriting"), "family": ("gia đình", "family"), "place": ("nơi ở", "place")}


def sentence(written: Mapping[str, str], person: Person | None, personal_id: str, probability: float,
             evidence: Iterable[Sequence[Any]] = ()) -> Pair:
    """`written`: attribute of the person -> what the book says; `evidence`: the linker's own, for what no column shows."""
    parts = [*(_name(a, written.get(a, ""), _of(person, a), texts) for a, *texts in _NAMES), _born(written.get("birth_date", ""),
        _of(person, "birth_date")), _sex(written.get("sex", ""), _of(person, "sex")), _number(written.get("personal_id", ""), personal_id)]
    said = [p for p in parts if p is not None] + _unseen(evidence)
    score = f"{probability:.2f}" if 0.01 <= probability < 0.995 else f"{probability:.4f}" if probability < 0.99995 else "> 0.9999"
    vi, en = f"điểm {score.replace('.', ',')}", f"score {score}"
    return (f"{vi}: {', '.join(p[0] for p in said)}", f"{en}: {', '.join(p[1] for p in said)}") if said else (vi, en)


def _of(person: Person | None, attribute: str) -> str:
    return str(getattr(person, attribute, "") or "") if person is not None else ""


def _name(attribute: str, ours: str, theirs: str, texts: Sequence[Pair]) -> Pair | None:
    if not ours or not theirs:
        return None
    a, b = fold(ours), fold(theirs)
    if a == b:
        return texts[0]
    if strip_marks(a) == strip_marks(b):
        return texts[1]
    one, two = a.split(), b.split()
    apart = max(len(one), len(two)) - sum(x in two for x in one)
    if attribute == "name" and apart < max(len(one), len(two)):
        return f"họ tên lệch {apart} chữ", f"{apart} word{'s' if apart > 1 else ''} of the name differ{'s' if apart == 1 else ''}"
    return texts[2]


def _born(ours: str, theirs: str) -> Pair | None:
    """By ISO dates as far as both say them."""
    a, b = ours.split("-"), theirs.split("-")
    if not a[0].isdecimal() or not b[0].isdecimal():
        return None
    years = abs(int(a[0]) - int(b[0]))
    if years:
        return f"năm sinh lệch {years}", f"birth year {years} off"
    if len(a) == 3 and len(b) == 3:
        if a == b:
            return "cùng ngày sinh", "same birth date"
        return ("cùng năm, tháng sinh, khác ngày", "same birth month, another day") if a[1] == b[1] else \
            ("cùng năm sinh, khác tháng", "same birth year, another month")
    return "cùng năm sinh", "same birth year"


def _sex(ours: str, theirs: str) -> Pair | None:
    return ("khác giới tính", "another sex") if ours and theirs and fold(ours) != fold(theirs) else None


def _number(ours: str, theirs: str) -> Pair | None:
    digits = "".join(c for c in ours if c.isdecimal())
    if len(digits) != 12:
        return None
    return ("cùng số định danh", "same personal number") if digits == theirs else ("số định danh khác", "another personal number")


def _unseen(evidence: Iterable[Sequence[Any]]) -> list[Pair]:
    out = []
    for comparison, _, weight, *_ in evidence:
        pair = _UNSEEN.get(comparison)
        if pair is not None and abs(float(weight)) >= 1:
            out.append((f"{pair[0]} {'khớp' if weight > 0 else 'không khớp'}", f"{pair[1]} {'agrees' if weight > 0 else 'disagrees'}"))
    return out


_REASONS: Mapping[str, Pair] = {
    "nothing_read": ("Không đọc được gì về người này, chỉ suy ra từ gia đình.", "Nothing was read of this person; only the family tells."),
    "claimed_in_book": ("Người này khớp hơn với một mục khác trong cùng quyển.", "This person fits another entry of this book better."),
    "partnered_elsewhere": ("Trong dữ liệu dân cư người này là vợ/chồng của người khác.",
                            "In the population this person is somebody else's partner."),
    "ruled_out": ("Người khớp nhất đã được xác định là không phải.", "The likeliest person was ruled out."),
    "claimed_twice": ("Người này cũng khớp với {entries}, mà mỗi người chỉ có một lần đăng ký việc này.",
                      "This person also fits {entries}, and nobody has this event twice."),
    "claimed_by_person": ("Cán bộ đã chọn người này cho {entries}.", "Somebody chose this person for {entries}."),
    "after_death": ("Mâu thuẫn với {entries}: việc này xảy ra sau ngày chết.", "Contradicts {entries}: this happened after the death."),
    "births_too_near": ("Mâu thuẫn với {entries}: hai lần sinh của một người mẹ quá gần nhau.",
                        "Contradicts {entries}: two births of one mother too near each other."),
    "too_young": ("Theo ngày sinh trong dữ liệu dân cư, khi đó người này còn là trẻ em.",
                  "By the birth date in the population this person was a child then."),
    "same_event": ("Cùng một việc với {entries} (đăng ký lại, hoặc sổ lưu kép).",
                   "The same event as {entries} (registered again, or copied)."),
    "known_couple": ("{entries} cũng ghi hai người này là vợ chồng, cha mẹ.", "{entries} names the same couple."),
    "person_gone": ("Người đã chọn không còn trong dữ liệu dân cư đang dùng.", "The person chosen is no longer in the population."),
    "new_person": ("Dữ liệu dân cư mới có người phù hợp mà khi quyết định chưa có.", "The new population has somebody who fits."),
}


def link_reason(reason: Sequence[str], entries: Mapping[str, Pair]) -> Pair:
    """One reason of a link in words. `entries`: what to call the entries it names, by id."""
    pair = _REASONS.get(reason[0], (reason[0], reason[0]))
    named = [entries.get(str(a), (f"mục {a}", f"entry {a}")) for a in reason[1:]]
    said = [pair[i].replace("{entries}", ", ".join(n[i] for n in named)) for i in (0, 1)]
    return said[0][:1].upper() + said[0][1:], said[1][:1].upper() + said[1][1:]


_FACTS: Mapping[str, Pair] = {"must": ("chọn", "chose"), "nobody": ("nói không ai trong số này", "said none of these"),
                              "cannot": ("nói không phải", "ruled out")}


def fact_words(kind: str) -> Pair:
    """What a person did, for the history of a link."""
    return _FACTS[kind]
