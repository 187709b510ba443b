"""What the simulated people are called: token shares of `records.names`, customs of some minorities, and the ways a name is misspelled."""
from __future__ import annotations

from functools import cache

import numpy as np

from records.names import common_tokens

# surnames that members of these peoples bear; a people not listed is named as the Kinh are (docs/domain: names of minorities)
_SURNAMES = {
    "Hrê": ("Đinh", "Phạm", "Nguyễn"), "Bru - Vân Kiều": ("Hồ",), "Cơ Tu": ("A Lăng", "Bh'Nướch", "Pơ Loong", "Zơ Râm", "Bríu"),
    "Tày": ("Nông", "Hoàng", "Lý", "Bế", "Đàm"), "Nùng": ("Nông", "Hoàng", "Lương", "Triệu"), "Mông": ("Giàng", "Vàng", "Sùng", "Thào"),
    "Thái": ("Vi", "Lò", "Lương", "Quàng", "Cà"), "Mường": ("Bùi", "Quách", "Hà", "Đinh"), "Khmer": ("Thạch", "Sơn", "Danh", "Kim", "Châu"),
    "Ê Đê": ("Niê", "Mlô", "Kbuôr", "Êban"), "Gia Rai": ("Ksor", "Siu", "Rơ Châm", "Rmah", "Kpă"), "Cơ Ho": ("Cill", "Kra Jăn", "Dagút"),
}
_CLAN_LAST = frozenset(("Ê Đê",))       # Y/H' + given name + clan
_EAR = (("l", "n"), ("ch", "tr"), ("s", "x"), ("d", "gi"), ("ng", "n"), ("c", "t"))
_HOOK, _TILDE = "ảổểỏủửỉẩ", "ãỗễõũữĩẫ"
_TONES = str.maketrans(_HOOK + _TILDE, _TILDE + _HOOK)
_FLAT = str.maketrans("ễềếăạịọậơưàùờộ", "êêêaaioâouauơô")
_PAIRS = (("Hoàng", "Huỳnh"), ("Vũ", "Võ"), ("Phúc", "Phước"), ("Nhân", "Nhơn"), ("Sinh", "Sanh"), ("Thư", "Thơ"), ("Chính", "Chánh"))
_TWINS = dict(_PAIRS) | {b: a for a, b in _PAIRS}
_LETTER_I = dict(zip("yiýíỹĩ", "iyíýĩỹ", strict=True))


@cache
def _table(part: str, sex: str | None, limit: int) -> tuple[tuple[str, ...], np.ndarray]:
    items = list(common_tokens(part, sex).items())[:limit]      # type: ignore[arg-type]
    weights = np.array([w for _, w in items]) ** 1.15
    return tuple(t for t, _ in items), np.cumsum(weights / weights.sum())


def _draw(part: str, sex: str | None, limit: int, rng: np.random.Generator) -> str:
    tokens, cumulative = _table(part, sex, limit)
    return tokens[min(int(np.searchsorted(cumulative, rng.random())), len(tokens) - 1)]


def draw_surname(ethnicity: str, rng: np.random.Generator) -> str:
    """A surname as that people bear it; a clan name for Ê Đê."""
    own = _SURNAMES.get(ethnicity)
    return str(rng.choice(own)) if own else _draw("surname", None, 70, rng)


def draw_name(surname: str, sex: str, ethnicity: str, year: int, rng: np.random.Generator) -> str:
    """A full name of someone born in `year`: Thị and Văn were the rule before 1990 and fell since; later names are longer."""
    given = _draw("given", sex, 260, rng)
    if ethnicity in _CLAN_LAST: return f"Y {given} {surname}" if sex == "Nam" else f"H'{given} {surname}"
    if ethnicity == "Cơ Ho": return f"{surname} K'{given}" if sex == "Nam" else f"{surname} Ka {given}"
    usual = "Văn" if sex == "Nam" else "Thị"
    share = (0.62 if sex == "Nam" else 0.85) if year < 1990 else max(0.2, (0.62 if sex == "Nam" else 0.85) - 0.022 * (year - 1990))
    middle = [usual] if rng.random() < share else [_draw("middle", sex, 90, rng)]
    if (middle == ["Thị"] and rng.random() < 0.35) or rng.random() < (0.12 if year < 1990 else 0.25):
        extra = _draw("middle", sex, 90, rng)
        if extra not in ("Thị", "Văn", *middle): middle.append(extra)
    if given in middle: middle = [usual]
    return " ".join([surname, *middle, given])


def misspell(name: str, rng: np.random.Generator) -> str:
    """The name as another clerk wrote it: heard otherwise, a mark lost or moved, a southern twin, i for y, a middle name left out."""
    tokens = name.split()
    for _ in range(12):
        i = int(rng.integers(len(tokens)))
        token = tokens[i]
        kind = rng.integers(6)
        if kind == 0: new = token.translate(_TONES)
        elif kind == 1: new = token.translate(_FLAT)
        elif kind == 2: new = _TWINS.get(token, token)
        elif kind == 3:
            a, b = _EAR[rng.integers(len(_EAR))]
            first = token.replace(a, b, 1).replace(a.capitalize(), b.capitalize(), 1)
            new = token[:1] + token[1:].replace(a, b) if a in ("ng", "c") else first
        elif kind == 4: new = token[:-1] + _LETTER_I.get(token[-1], token[-1])
        elif len(tokens) > 3 and 0 < i < len(tokens) - 1: return " ".join(tokens[:i] + tokens[i + 1:])
        else: continue
        if new != token: return " ".join([*tokens[:i], new, *tokens[i + 1:]])
    return " ".join([*tokens[:1], "Thị" if "Thị" not in tokens else "Thanh", *tokens[2:]]) if len(tokens) > 2 else name
