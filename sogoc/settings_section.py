"""One table of the settings, and what a check of ours says of a wrong value."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WrongValue(ValueError):
    """Why a value is refused, for the one who wrote it, in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi, self.en = vi, en
