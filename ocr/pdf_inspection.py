"""Looks at a PDF in a process of its own, which may take no more memory and time than it is given: `python -m ocr.pdf_inspection`.

Opening a PDF already unpacks its object and cross-reference streams: a file of a few kilobytes can ask for gigabytes. The parent hands
the file as standard input and the wish as one JSON argument; the answer is a line of JSON, and for `strip` the mended file after it.
"""
from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from ocr.errors import UnreadableFile

_MEMORY = 1_500_000_000     # bytes, beside what the file itself takes
_SECONDS = 60               # of processor; the parent waits a little longer than twice that
_OUT_OF_BOUNDS = 3          # exit status of the child that got no more memory
_FORM_DEPTH = 3


def inspect(data: bytes, max_pages: int, max_pixels: int, memory: int = _MEMORY, seconds: int = _SECONDS) -> dict[str, Any]:
    """{sizes: [[width, height] points, …], bad: {page: [code, evidence]}, active: {code: count}}.

    Raises UnreadableFile: encrypted truncated damaged no_pages too_many_pages bomb too_slow.
    """
    said, _ = _ask(data, {"do": "inspect", "max_pages": max_pages, "max_pixels": max_pixels}, memory, seconds)
    return said


def stripped(data: bytes, memory: int = _MEMORY, seconds: int = _SECONDS) -> bytes:
    """The file without anything that acts (ocr.pdf_active). Raises UnreadableFile as `inspect`."""
    said, mended = _ask(data, {"do": "strip"}, memory, seconds)
    if said["left"]:        # a shape the walk does not know: better no page than a script
        raise UnreadableFile("damaged", detail="active content")
    return mended


def _ask(data: bytes, wish: Mapping[str, Any], memory: int, seconds: int) -> tuple[dict[str, Any], bytes]:
    wish = {**wish, "memory": memory + 2 * len(data), "suspicious": memory // 4 + 2 * len(data), "seconds": seconds}
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        try:
            done = subprocess.run([sys.executable, "-m", "ocr.pdf_inspection", json.dumps(wish)], stdin=file, capture_output=True,
                                  timeout=2 * seconds + 20, check=False)
        except subprocess.TimeoutExpired:
            raise UnreadableFile("too_slow", seconds=seconds) from None
    line, _, rest = done.stdout.partition(b"\n")
    if done.returncode == -24 or (done.returncode == -9 and not line):           # SIGXCPU, then SIGKILL
        raise UnreadableFile("too_slow", seconds=seconds)
    if done.returncode == _OUT_OF_BOUNDS or (not line and done.returncode < 0):  # an allocation that failed inside a library
        raise UnreadableFile("bomb")
    if done.returncode != 0:
        raise UnreadableFile("damaged", detail=done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:120])
    said = json.loads(line)
    if "code" in said:
        raise UnreadableFile(said["code"], **said["evidence"])
    return said, rest


def _main(wish: Mapping[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (wish["memory"], wish["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (wish["seconds"], wish["seconds"] + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pikepdf

    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)           # libraries that print do not spoil the answer
    try:
        with os.fdopen(0, "rb") as file, pikepdf.open(file) as pdf:
            if wish["do"] == "inspect":
                out.write(json.dumps(_facts(pdf, wish["max_pages"], wish["max_pixels"])).encode() + b"\n")
            else:
                _strip(pdf, out)
    except MemoryError:
        os._exit(_OUT_OF_BOUNDS)
    except pikepdf.PasswordError:
        out.write(b'{"code": "encrypted", "evidence": {}}\n')
    except UnreadableFile as error:
        out.write(json.dumps({"code": error.code, "evidence": error.evidence}).encode() + b"\n")
    except page_errors() as error:
        # qpdf takes a stream it got no memory for as damaged and goes on without: the memory it had by then tells the two apart
        if _most_memory() > wish["suspicious"]:
            os._exit(_OUT_OF_BOUNDS)
        out.write(json.dumps({"code": "damaged", "evidence": {"detail": type(error).__name__}}).encode() + b"\n")
    out.close()


def _most_memory() -> int:
    """Bytes this process has held at most. Not getrusage's ru_maxrss: that counts what the parent held when it started us."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def page_errors() -> tuple[type[Exception], ...]:
    """pikepdf's own errors, and what its objects raise where a page is not what it should be."""
    import pikepdf

    return pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RuntimeError, IndexError, NotImplementedError


def _facts(pdf: Any, max_pages: int, max_pixels: int) -> dict[str, Any]:
    from ocr.pdf_active import active_content

    count = len(pdf.pages)
    if count == 0:
        raise UnreadableFile("no_pages")
    if count > max_pages:
        raise UnreadableFile("too_many_pages", limit=max_pages)
    sizes: list[tuple[float, float]] = []
    bad: dict[int, tuple[str, Mapping[str, object]]] = {}
    for number in range(count):
        try:
            sizes.append(_shown_size(pdf.pages[number]))
            _check_images(pdf.pages[number].obj.get("/Resources"), max_pixels, _FORM_DEPTH)
        except UnreadableFile as error:
            bad[number] = error.code, error.evidence
        except page_errors() as error:
            bad[number] = "damaged", {"frame": number + 1, "detail": type(error).__name__}
            sizes[number:] = [(0.0, 0.0)]
    return {"sizes": sizes, "bad": bad, "active": active_content(pdf)}


def _strip(pdf: Any, out: Any) -> None:
    import pikepdf

    from ocr.pdf_active import active_content, strip_active_content

    strip_active_content(pdf)
    mended = io.BytesIO()
    pdf.save(mended, deterministic_id=True)
    mended.seek(0)
    with pikepdf.open(mended) as again:
        left = active_content(again)
    out.write(json.dumps({"left": left}).encode() + b"\n" + mended.getvalue())


def _shown_size(page: Any) -> tuple[float, float]:
    box = [float(v) for v in (page.obj.get("/CropBox") or page.mediabox)]
    unit = float(page.obj.get("/UserUnit", 1))
    width, height = abs(box[2] - box[0]) * unit, abs(box[3] - box[1]) * unit
    if not (width > 1 and height > 1):
        raise ValueError("page without area")
    turned = int(page.obj.get("/Rotate", 0)) % 180 != 0
    return (height, width) if turned else (width, height)


def _check_images(resources: Any, max_pixels: int, depth: int) -> None:
    if resources is None or depth == 0:
        return
    for _, item in (resources.get("/XObject") or {}).items():
        kind = item.get("/Subtype")
        if kind == "/Image":
            width, height = int(item.get("/Width", 0)), int(item.get("/Height", 0))
            if width * height > max_pixels:
                raise UnreadableFile("too_large", width=width, height=height, limit=max_pixels)
        elif kind == "/Form":
            _check_images(item.get("/Resources"), max_pixels, depth - 1)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
