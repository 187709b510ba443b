"""Which language messages are in: SOGOC_LANG, Vietnamese unless it says `en`. Cheap, so that --help is quick."""

from __future__ import annotations

import os
from typing import Literal

Language = Literal["vi", "en"]


def language() -> Language:
    """`en` if SOGOC_LANG says so, else `vi`; settings.load refuses anything else."""
    return "en" if os.environ.get("SOGOC_LANG", "").strip().lower() == "en" else "vi"


def t(vi: str, en: str) -> str:
    """The text in the language of messages."""
    return en if language() == "en" else vi


def count(n: int) -> str:
    """A number as it is written: 2.002 in Vietnamese, 2,002 in English."""
    return f"{n:,}".replace(",", t(".", ","))


def example(*commands: str) -> str:
    """The epilogue of a command's help; \\b keeps its lines apart."""
    return "\b\n" + t("Ví dụ:", "Example:") + "\n" + "\n".join(f"  {c}" for c in commands)
