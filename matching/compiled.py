"""The decorator of the loops that are compiled to machine code (numba), kept on disk between processes.

They allocate nothing: every array they fill is given to them. So numba need not count references (`_nrt=False`), which in loops over
tuples of arrays takes thirty times as long as the work itself, and most of the time of compiling. A function that returns a part of an
array must be `spliced` into its caller for that.

What is kept stands under a key of all sources with such loops, since a loop holds those of other modules that it calls: beside the sources,
or in NUMBA_CACHE_DIR. Where neither can be written, each process compiles for itself, which takes it some twenty seconds.
"""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import config, njit

_HERE = Path(__file__).parent


def _key() -> str:
    sources = (path.read_bytes() for path in sorted(_HERE.glob("*.py")))
    return hashlib.sha256(b"".join(s for s in sources if b"from matching.compiled import" in s)).hexdigest()[:16]


_base = Path(getattr(config, "CACHE_DIR", "") or _HERE / "__pycache__")
setattr(config, "CACHE_DIR", str(_base / f"compiled-{_key()}"))         # noqa: B010 - its names are made at run time


def compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return njit(loop, cache=True, nogil=True, error_model="numpy", _nrt=False)     # type: ignore[call-overload]
    except RuntimeError:                                # no place to keep it
        return njit(loop, nogil=True, error_model="numpy", _nrt=False)                 # type: ignore[call-overload]


spliced = njit(inline="always", _nrt=False)                                             # type: ignore[call-overload]
