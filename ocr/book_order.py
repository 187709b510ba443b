"""The order in which people count files: scan2 before scan10."""
from __future__ import annotations

import re


def file_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key: numbers inside a name by their value, letters without case; equal names in another case stay apart."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return (*((0, int(p), "") if p.isdigit() else (1, 0, p.casefold()) for p in parts), (2, 0, name))
