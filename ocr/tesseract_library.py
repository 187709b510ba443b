"""Tesseract inside this process, through the C interface of the library its program is made of (`capi.h`).

Starting the program and its language for every look costs more than a small image takes to read, and a page needs several
looks. A reading process therefore keeps the engine loaded; results are those of the program, letter by letter.
"""
from __future__ import annotations

import ctypes
import ctypes.util
import threading
from functools import cache

import numpy as np

from ocr.errors import BrokenProgram

_RESOLUTION = 70            # what the program assumes of an image that states none; it then estimates it from the print
_QUIET = {"debug_file": "/dev/null", "tessedit_do_invert": "0"}


class TesseractLibrary:
    """The engine with its languages, loaded as they are asked for. Calls from several threads wait for one another."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library, self._lock = _declared(library), threading.Lock()
        self._engines: dict[str, int] = {}
        self.version = library.TessVersion().decode("ascii", "replace")

    def table(self, gray: np.ndarray, psm: int, language: str, seconds: float) -> str:
        """Tesseract's TSV of a uint8 (height, width) image. Raises BrokenProgram language_missing, program_timeout, program_failed."""
        lib = self._library
        with self._lock:
            engine = self._engine(language)
            pixels = np.ascontiguousarray(gray)
            height, width = pixels.shape
            monitor = lib.TessMonitorCreate()
            try:
                lib.TessMonitorSetDeadlineMSecs(monitor, max(1, round(1000 * seconds)))
                lib.TessBaseAPISetPageSegMode(engine, psm)
                lib.TessBaseAPISetImage(engine, pixels.ctypes.data, width, height, 1, width)
                lib.TessBaseAPISetSourceResolution(engine, _RESOLUTION)
                if lib.TessBaseAPIRecognize(engine, monitor) != 0:
                    raise BrokenProgram("program_timeout", program="tesseract", seconds=seconds)
                text = lib.TessBaseAPIGetTsvText(engine, 0)
                if not text:
                    raise BrokenProgram("program_failed", program="tesseract", detail="no text")
                out = ctypes.string_at(text).decode("utf-8", "replace")
                lib.TessDeleteText(text)
                return out
            finally:
                lib.TessMonitorDelete(monitor)
                lib.TessBaseAPIClear(engine)
                lib.TessBaseAPIClearAdaptiveClassifier(engine)      # a page reads the same whatever was read before it

    def _engine(self, language: str) -> int:
        if language not in self._engines:
            engine = self._library.TessBaseAPICreate()
            for name, value in _QUIET.items():
                self._library.TessBaseAPISetVariable(engine, name.encode(), value.encode())
            if self._library.TessBaseAPIInit3(engine, None, language.encode()) != 0:
                self._library.TessBaseAPIDelete(engine)
                raise BrokenProgram("language_missing", language=language)
            for name, value in _QUIET.items():
                self._library.TessBaseAPISetVariable(engine, name.encode(), value.encode())
            self._engines[language] = engine
        return self._engines[language]


@cache
def find_library(version: str) -> TesseractLibrary | None:
    """The library of the installed program of that version; None where there is none (a program built in one piece, another version)."""
    for name in ("libtesseract.so.5", ctypes.util.find_library("tesseract")):
        try:
            found = TesseractLibrary(ctypes.CDLL(name)) if name else None
        except (OSError, AttributeError):
            continue
        if found is not None and found.version == version:
            return found
    return None


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
            ("TessVersion", text, []), ("TessBaseAPICreate", pointer, []), ("TessBaseAPIDelete", None, [pointer]),
            ("TessBaseAPIInit3", number, [pointer, text, text]), ("TessBaseAPISetVariable", number, [pointer, text, text]),
            ("TessBaseAPISetPageSegMode", None, [pointer, number]),
            ("TessBaseAPISetImage", None, [pointer, pointer, number, number, number, number]),
            ("TessBaseAPISetSourceResolution", None, [pointer, number]), ("TessBaseAPIRecognize", number, [pointer, pointer]),
            ("TessBaseAPIGetTsvText", pointer, [pointer, number]), ("TessDeleteText", None, [pointer]),
            ("TessBaseAPIClear", None, [pointer]), ("TessBaseAPIClearAdaptiveClassifier", None, [pointer]),
            ("TessMonitorCreate", pointer, []), ("TessMonitorDelete", None, [pointer]),
            ("TessMonitorSetDeadlineMSecs", None, [pointer, number])):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
