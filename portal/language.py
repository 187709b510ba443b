"""Words for people: Vietnamese is written in the code and templates, English comes from `messages/en/*.json` by the Vietnamese text."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

LANGUAGES = ("vi", "en")


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Vietnamese text -> text in `lang`; empty for Vietnamese itself."""
    if lang == "vi":
        return {}
    files = sorted((resources.files("portal") / "messages" / lang).iterdir(), key=lambda f: f.name)      # one file a subject
    return {text: said for f in files if f.name.endswith(".json") for text, said in json.loads(f.read_text("utf-8")).items()}


@dataclass(frozen=True)
class Words:
    """Callable: words("Còn {n} trang", n=3). A text without translation is shown in Vietnamese."""

    lang: str = "vi"

    def __call__(self, text: str, **values: object) -> str:
        said = catalogue(self.lang).get(text, text)
        return said.format(**values) if values else said

    def pick(self, pair: tuple[str, str]) -> str:
        """The Vietnamese or English one of a pair that comes with the data."""
        return pair[0] if self.lang == "vi" else pair[1]
