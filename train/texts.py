"""What is written in the blanks of registers: names, places, dates, numbers and the rest, drawn at random."""
from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from records.dates import PartialDate, all_word_forms

ETHNICITIES = ["Kinh"] * 12 + ["Tày", "Thái", "Mường", "Khơ Me", "Hoa", "Nùng", "Mông", "Dao", "Gia Rai", "Ê Đê", "Ba Na", "Chăm", "Hrê",
                              "Cơ Ho", "Co"]
RELATIONS = ["Cha", "Mẹ", "Ông nội", "Bà nội", "Ông ngoại", "Bà ngoại",
             "Bác", "Chú", "Cô", "Dì", "Cậu", "Anh", "Chị", "Con", "Vợ", "Chồng", "Cháu"]
CAUSES = ["Già yếu", "Bệnh", "Tai nạn giao thông", "Ung thư", "Đuối nước",
          "Tai biến", "Suy tim", "Sơ sinh", "Hy sinh", "Bệnh già", "Đột quỵ"]
OFFICES = ["Chủ tịch", "Phó Chủ tịch", "Trưởng phòng Tư pháp", "KT. Chủ tịch"]


class Texts:
    """Draws (kind, text) pairs.

    tokens: name tokens with counts (part, sex, token, count); communes: rows with ward, district, province.
    """

    def __init__(self, tokens: Path, communes: Path):
        self._tokens: dict[str, tuple[list[str], np.ndarray]] = {}
        counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in csv.DictReader(tokens.open(encoding="utf-8"), delimiter="\t"):
            counts[row["part"]][row["token"]] += int(row["count"])
        for part, table in counts.items():
            weight = np.array(list(table.values()), dtype=float) ** 0.6      # flatter than life: rare names must be read too
            self._tokens[part] = (list(table), weight / weight.sum())
        self._communes = [(r["ward"], r["district"], r["province"].removeprefix("Tỉnh ").removeprefix("Thành phố "))
                          for r in csv.DictReader(communes.open(encoding="utf-8"))]
        self._kinds = {"name": self.name, "place": self.place, "date": self.date, "words": self.date_words, "number": self.number,
                       "entry": self.entry, "year": self.year, "short": self.short, "signer": self.signer, "syllables": self.syllables,
                       "row": self.row}
        self._shares = np.array([0.22, 0.09, 0.22, 0.06, 0.12, 0.07, 0.10, 0.04, 0.03, 0.02, 0.03])

    def draw(self, rng: np.random.Generator) -> tuple[str, str]:
        kind = list(self._kinds)[int(rng.choice(len(self._kinds), p=self._shares))]
        return kind, self._kinds[kind](rng)

    def _token(self, part: str, rng: np.random.Generator) -> str:
        words, weight = self._tokens[part]
        return words[int(rng.choice(len(words), p=weight))]

    def name(self, rng):
        middle = [self._token("middle", rng) for _ in range(int(rng.choice([0, 1, 2], p=[0.06, 0.72, 0.22])))]
        text = " ".join([self._token("surname", rng), *middle, self._token("given", rng)])
        return text.upper() if rng.random() < 0.08 else text

    def syllables(self, rng):
        return " ".join(self._token(("given", "middle", "surname")[int(rng.integers(3))], rng) for _ in range(int(rng.integers(1, 6))))

    def place(self, rng):
        ward, district, province = self._communes[int(rng.integers(len(self._communes)))]
        form = rng.random()
        if form < 0.7:
            return f"{ward}, {district}, {province}"
        if form < 0.85:
            return f"{ward}, {province}"
        return f"UBND {ward}" if form < 0.9 else f"Trạm y tế {ward.lower()}, {district}" if form < 0.95 else f"{ward} {district} {province}"

    def _day(self, rng):
        return int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1925, 2027))

    def date(self, rng):
        d, m, y = self._day(rng)
        form = rng.random()
        if form < 0.42:
            return f"{d:02}/{m:02}/{y}"
        if form < 0.75:
            return f"{d}/{m}/{y}"
        stroke = "-" if form < 0.95 else "."
        return f"{d:02}{stroke}{m:02}{stroke}{y}" if rng.random() < 0.5 else f"{d}{stroke}{m}{stroke}{y}"

    def date_words(self, rng):
        d, m, y = self._day(rng)
        forms = sorted(all_word_forms(PartialDate(y, m, d)))
        return forms[int(rng.integers(len(forms)))]

    def number(self, rng):
        if rng.random() < 0.12:
            return f"{rng.integers(10**8, 10**9)}"
        province = int(rng.integers(1, 97))
        return f"{province:03}{rng.integers(0, 4)}{rng.integers(0, 100):02}{rng.integers(0, 10**6):06}"

    def entry(self, rng):
        n, y = int(10 ** rng.uniform(0, 2.8)), int(rng.integers(1995, 2027))
        form = rng.random()
        return f"{n}/{y}" if form < 0.45 else f"{int(rng.integers(1, 20)):02}/{y}" if form < 0.8 else f"{n}" if form < 0.95 else f"{n:02}"

    def year(self, rng):
        return f"{rng.integers(1925, 2027)}"

    def short(self, rng):
        pool = (["Nam", "Nữ"], ETHNICITIES, ["Việt Nam"], RELATIONS, CAUSES)[int(rng.choice(5, p=[0.25, 0.25, 0.2, 0.15, 0.15]))]
        return pool[int(rng.integers(len(pool)))]

    def signer(self, rng):
        return f"{self.name(rng)}, {OFFICES[int(rng.integers(len(OFFICES)))]}"

    def row(self, rng):
        """What rows of ruled tables hold: dittos, ages, livelihoods as they are shortened."""
        age, day, month, year = (int(rng.integers(*r)) for r in ((16, 90), (1, 32), (1, 13), (0, 100)))
        pool = ("nt", "-nt-", "Như trên", "//", f"{age}T", f"{age} tuổi", f"{age}", "LR", "Làm ruộng", "CN", "Công nhân", "BĐ", "Bộ đội",
                "NN", "Giáo viên", "Buôn bán", "Nội trợ", f"{day}/{month}/{year:02}", f"{int(rng.integers(1, 400))}a", "không rõ")
        return pool[int(rng.integers(len(pool)))]
