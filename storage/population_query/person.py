"""A person as the population database answers, put under the names that this program's own snapshot has for them."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from records.codes import SEX
from records.ministry.date_styles import read_date

_LONGEST = 300


@dataclass(frozen=True)
class FoundPerson:
    """As in matching.population.PERSON_COLUMNS; birth_date EDTF; empty where it was not told."""

    personal_id: str = ""
    card: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""
    ethnicity: str = ""
    nationality: str = ""
    birth_place: str = ""
    home_place: str = ""
    residence: str = ""
    father_name: str = ""
    father_id: str = ""
    mother_name: str = ""
    mother_id: str = ""
    spouse_name: str = ""
    spouse_id: str = ""

    def as_dict(self) -> dict[str, str]:
        """What was told, empty values left out."""
        return {k: v for k, v in asdict(self).items() if v}


def person_of(values: Mapping[str, str]) -> FoundPerson:
    """From paths and their texts, in the spelling of SOAP (SoDinhDanh, Cha/HoVaTen) or of REST (soDinhDanh, cha/hoVaTen)."""
    said = {k.casefold(): v.strip()[:_LONGEST] for k, v in values.items()}

    def get(*paths: str) -> str:
        return next((said[p] for p in paths if said.get(p)), "")

    def name(path: str) -> str:
        start = f"{path}/" if path else ""
        parts = " ".join(p for p in (said.get(f"{start}hovaten/{x}", "") for x in ("ho", "chudem", "ten")) if p)
        return get(f"{start}hovaten", f"{start}hoten") or parts

    def place(path: str) -> str:
        return get(path, f"{path}/chitiet", f"{path}/diachi", f"{path}/dcchitiet")

    born = get("ngaythangnamsinh/ngaythangnam", "ngaythangnamsinh/nam", "ngaythangnamsinh", "ngaythangnam", "namsinh")
    day = read_date("compact", born) or read_date("slashed", born)
    sex = get("gioitinh")
    return FoundPerson(
        get("sodinhdanh"), get("socmnd"), name(""), str(day) if day is not None else "",
        SEX.words.get(int(sex), "") if sex.isascii() and sex.isdigit() else sex, get("dantoc"), get("quoctich"),
        place("noidangkykhaisinh"), place("quequan"), place("thuongtru") or place("noithuongtru"),
        name("cha"), get("cha/sodinhdanh"), name("me"), get("me/sodinhdanh"), name("vochong"), get("vochong/sodinhdanh"))
