"""How this installation asks the national population database, and in whose name."""
from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from storage.population_query.errors import BadOfficers, OfficerUnknown


@dataclass(frozen=True)
class Officer:
    """An officer's account there. code: MaCanBo; key_name, key_pass: of AuthHash; user_name: userNameService of REST façades."""

    code: str
    key_name: str
    key_pass: str = field(repr=False)
    user_name: str = ""


@dataclass(frozen=True)
class PopulationQueryOptions:
    """style: soap (http://dancuquocgia.bca) or rest (a province's façade); integration: MaTichHop; tries: then a question is given up."""

    url: str
    style: Literal["soap", "rest"] = "soap"
    integration: str = "037"
    officers: Mapping[str, Officer] = field(default_factory=dict)
    seconds: float = 20.0
    tries: int = 20

    def officer(self, name: str) -> Officer:
        """Raises OfficerUnknown."""
        if name not in self.officers:
            raise OfficerUnknown(officer=name)
        return self.officers[name]


def read_officers(file: Path) -> dict[str, Officer]:
    """The accounts of a TOML file, a table for each officer: ["cb.hoa"] code, key_name, key_pass, user_name. Raises BadOfficers."""
    try:
        return {name: Officer(str(o["code"]), str(o["key_name"]), str(o["key_pass"]), str(o.get("user_name", "")))
                for name, o in tomllib.loads(file.read_text("utf-8")).items()}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as e:
        # of a TOML error the text would repeat a line of the file, which may be a secret
        raise BadOfficers(file=file, cause=f"{e}" if isinstance(e, KeyError) else type(e).__name__) from None
