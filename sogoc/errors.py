"""Errors a command shows as one line, with the exit code it ends with."""

from __future__ import annotations


class SogocError(Exception):
    """Work failed. vi, en: one sentence with the evidence and what to do. Ends the command with 1."""

    code = "failed"
    exit_code = 1

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi, self.en = vi, en

    def message(self, lang: str) -> str:
        """The sentence in Vietnamese ("vi") or English ("en")."""
        return self.vi if lang == "vi" else self.en


class WrongUse(SogocError):
    """The command was given something that cannot be. Ends with 2."""

    code = "wrong-use"
    exit_code = 2
