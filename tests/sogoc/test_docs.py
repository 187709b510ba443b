"""The documentation is true: the command pages are what the commands say, every setting stands in the operator's guide."""
from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from sogoc.settings import leaves

ROOT = Path(__file__).resolve().parents[2]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_commands", ROOT / "docs" / "make_commands.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_command_pages_are_what_the_commands_say(language: str) -> None:
    module = generator()
    assert module.PAGES[language].read_text("utf-8") == module.reference(language), "run docs/make_commands.py"


def test_every_setting_is_in_the_operators_guide() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert not [name for name, _ in leaves() if f"`{name}`" not in guide]


def test_every_reason_a_page_is_set_aside_is_in_the_operators_guide() -> None:
    from storage.set_aside import INTAKE, READING

    guide = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert not [code for code in (*INTAKE, *READING) if f"`{code}`" not in guide]
