"""The public reader of E-ARK CSIP, `eark-validator`, made to work without a network.

It reads four vocabularies from the web when it is imported; its wheel carries the same files, which are given to it here. It asks for
`importlib_resources`, which Python has as `importlib.resources`.
"""
from __future__ import annotations

import importlib
import importlib.resources
import io
import sys
import urllib.request
from pathlib import Path
from typing import Any


def validate(folder: Path) -> tuple[str, str, list[tuple[str, str, str]]]:
    """(structure status, schema status, [(rule, severity, message)] of its schematron rules of CSIP 2.1) of a package's folder."""
    report = _load().PackageValidator(folder).validation_report
    messages = [*report.structure.messages, *report.metadata.schema_results.messages, *report.metadata.schematron_results.messages]
    return (report.structure.status.value, report.metadata.schema_results.status.value,
            [(m.rule_id, m.severity.value, m.message) for m in messages])


def _load() -> Any:
    sys.modules.setdefault("importlib_resources", importlib.resources)
    real = urllib.request.urlopen

    def local(url: str, *_: Any, **__: Any) -> Any:
        place = importlib.resources.files("eark_validator.ipxml.resources.vocabs")
        return io.BytesIO((place / url.rsplit("/", 1)[1]).read_bytes())

    urllib.request.urlopen = local  # type: ignore[assignment]
    try:
        return importlib.import_module("eark_validator.packages")
    finally:
        urllib.request.urlopen = real
