"""Words for people: Vietnamese is written in the code and templates, other languages come from `messages/xx/*.json` by the Vietnamese text.

English is complete (a test says so). Khmer is prepared: what its catalogue lacks is shown in Vietnamese, and it is offered only where
`portal.khmer` turns it on.
"""
from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

LANGUAGES = ("vi", "en")
PREPARED = ("km",)                  # catalogues that are not complete yet
NAMES: Mapping[str, str] = {"vi": "Tiếng Việt", "en": "English", "km": "ភាសាខ្មែរ"}
_USED = re.compile(r"(?:\b_|\bwords)\(\s*(['\"])(.+?)\1")


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Vietnamese text -> text in `lang`; empty for Vietnamese itself."""
    if lang == "vi":
        return {}
    files = sorted((resources.files("portal") / "messages" / lang).iterdir(), key=lambda f: f.name)      # one file a subject
    return {text: said for f in files if f.name.endswith(".json") for text, said in json.loads(f.read_text("utf-8")).items()}


def offered(khmer: bool) -> tuple[str, ...]:
    """The languages a person may choose."""
    return (*LANGUAGES, *PREPARED) if khmer else LANGUAGES


def texts_in_use() -> set[str]:
    """Every text that templates and code translate."""
    portal = resources.files("portal")
    folders = (portal, portal / "pages", portal / "templates")
    files = [f for folder in folders for f in folder.iterdir() if f.name.endswith((".html", ".py"))]
    return {m[2] for f in files for m in _USED.finditer(f.read_text("utf-8"))} - {"Còn {n} trang"}     # the example below


@dataclass(frozen=True)
class Words:
    """Callable: words("Còn {n} trang", n=3). A text without translation is shown in Vietnamese."""

    lang: str = "vi"

    def __call__(self, text: str, **values: object) -> str:
        said = catalogue(self.lang).get(text, text)
        return said.format(**values) if values else said

    def pick(self, pair: tuple[str, str]) -> str:
        """The Vietnamese or English one of a pair that comes with the data; in a prepared language its own word, else the Vietnamese."""
        if self.lang in PREPARED:
            return catalogue(self.lang).get(pair[0], pair[0])
        return pair[0] if self.lang == "vi" else pair[1]
