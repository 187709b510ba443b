"""The decorator of the loops that are compiled to machine code (numba), kept on disk between processes.

They allocate nothing: every array they fill is given to them. So numba need not count references (`_nrt=False`), which in loops over
tuples of arrays takes thirty times as long as the work itself, and most of the time of compiling. A function that returns a part of an
array must be `spliced` into its caller for that.
"""
from __future__ import annotations

from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)     # type: ignore[call-overload]
spliced = njit(inline="always", _nrt=False)                                             # type: ignore[call-overload]
