"""A reading process: `python -m pipelines.page_worker FD MODEL`. Takes chunks of pages from its connection, answers page by page.

It ends with its parent whatever happens (PR_SET_PDEATHSIG, Linux prctl(2)), so that a killed run leaves nothing behind.
"""
from __future__ import annotations

import ctypes
import dataclasses
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from pipelines.page_task import PageResult, PageTask, ProgramBroken

LEAST_LETTERS = 8       # legible letters below which a page with ink and without a form was not read
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; at once if it already has."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def read_page(task: PageTask, data: bytes, reader: Any) -> PageResult:
    """Open, measure and read one page. A page that cannot be read gives its reason; a broken program raises ocr.errors.BrokenProgram."""
    from ocr.errors import UnreadableFile
    from ocr.images import open_page
    from ocr.lattice import pack
    from ocr.page_cut import cut
    from ocr.quality import measure
    from ocr.tesseract import legible_letters

    begun = time.perf_counter()
    try:
        page = open_page(data, task.media_type, task.frame, task.dpi)
    except UnreadableFile as e:
        return PageResult(task.page_id, reason=e.code, evidence=e.evidence)
    opened = time.perf_counter()
    whole, part = page, cut(page, task.corners) if task.corners is not None else None
    page = part.image if part is not None else page
    measured = measure(page)
    seconds = {"open": opened - begun, "quality": time.perf_counter() - opened}
    result = PageResult(task.page_id, quality=dataclasses.asdict(measured), width=whole.width, height=whole.height, dpi=whole.dpi)
    reading = read_print(page, reader) if task.print_only else reader.read(page, task.expectation, task.turn)
    if not task.print_only and reading.form is None and task.expectation.kind is None and not measured.blank:
        as_print = read_print(page, reader)     # nobody said it is a register and it shows no form: it may turn out to be a dossier
        reading = dataclasses.replace(reading, words=as_print.words, rotation=as_print.rotation, records=as_print.records)
    if reading.form is None and not measured.blank and legible_letters(reading.words) < LEAST_LETTERS:
        if not reading.words and task.expectation.kind in (None, "HS"):
            return dataclasses.replace(result, reason="ink_without_text")
        result = dataclasses.replace(result, quality=unreadable(measured))     # it goes to review, and says why
    if part is not None:
        reading = part.back(reading)
    lattices = pack(reading.lattices) if reading.lattices else None
    return dataclasses.replace(result, reading=dataclasses.replace(reading, lattices={}, seconds={}), lattices=lattices,
                               seconds=seconds | dict(reading.seconds))


def unreadable(measured: Any) -> dict[str, Any]:
    """The page's quality as kept, with the reason that hardly any text could be read (ocr.quality.REASONS)."""
    return dataclasses.asdict(measured) | {"verdict": "retake", "reasons": (*measured.reasons, "no_text")}


def read_print(page: Any, reader: Any = None) -> Any:
    """The printed words of a page that is no register: a dossier. What its letterhead has by hand comes as a record of the kind HS.

    reader: the ocr.extraction.PageReader whose model reads the hand; None leaves it unread.
    """
    from ocr.dossier_page import read_dossier_page
    from ocr.reading import PageReading
    from ocr.tesseract import probe
    from records.record import DraftRecord

    read = read_dossier_page(page, reader.recogniser if reader is not None else None)
    records = (DraftRecord("HS", None, 1, read.hand),) if read.hand else ()
    engine = {"tesseract": probe().version} | (dict(reader.recogniser.engine) if read.hand else {})
    return PageReading(None, 0.0, records, read.words, rotation=read.rotation, engine=engine)


def memory_bytes() -> int:
    """Resident memory of this process now."""
    with open("/proc/self/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * resource.getpagesize()


def serve(connection: Connection, model: str | None) -> None:
    """Say ("ready", resident bytes) once, then answer chunks until the other side closes: a PageResult a page, then ("end", bytes)."""
    from ocr.errors import BrokenProgram
    from ocr.extraction import PageReader
    from ocr.tesseract import load_in_process

    reader = PageReader(model_id=model)
    load_in_process()                   # where it cannot be, the program is started for every look
    connection.send(("ready", memory_bytes()))
    while True:
        try:
            tasks, files = connection.recv()
        except (EOFError, OSError):
            return
        connection_files: Mapping[str, bytes] = files
        for task in tasks:
            try:
                answer: object = read_page(task, connection_files[task.sha256], reader)
            except BrokenProgram as e:
                answer = ProgramBroken(e.code, (e.message("vi"), e.message("en")))
            except MemoryError:
                answer = PageResult(task.page_id, reason="reader_stopped", evidence={"detail": "MemoryError"})
            except Exception as e:
                answer = PageResult(task.page_id, reason="reader_stopped", evidence={"detail": fault(e)})
            connection.send(answer)
        del files, connection_files
        connection.send(("end", memory_bytes()))


def fault(error: Exception) -> str:
    """Where the program failed, without any value of the page: the error's kind and the innermost place."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{os.path.basename(last.tb_frame.f_code.co_filename)}:{last.tb_lineno}" if last is not None else "?"
    return f"{type(error).__name__} {place}"


def main() -> None:
    die_with_parent(int(sys.argv[2]))
    sys.stdout.flush()
    os.dup2(2, 1)                       # what a library prints must not look like an answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # Ctrl-C is the parent's to handle
    serve(Connection(int(sys.argv[1])), sys.argv[3] if len(sys.argv) > 3 and sys.argv[3] else None)


if __name__ == "__main__":
    main()
