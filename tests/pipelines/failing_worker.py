"""A reading process that fails on demand, by the page's number: for tests of the pool. The real protocol, no reading.

hundreds digit: 1 dies every time, 2 dies the first time only (a file in $FAIL_DIR remembers), 3 hangs, 4 says a program is broken,
5 answers with a reason, else reads.
"""
from __future__ import annotations

import os
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

from ocr.reading import PageReading
from pipelines.page_task import PageResult, ProgramBroken
from pipelines.page_worker import die_with_parent, memory_bytes


def main() -> None:
    die_with_parent(int(sys.argv[2]))
    connection = Connection(int(sys.argv[1]))
    folder = Path(os.environ["FAIL_DIR"])
    (folder / f"pid-{os.getpid()}").touch()
    if sys.argv[3] == "never-starts":
        sys.exit(3)
    connection.send(("ready", memory_bytes()))
    while True:
        try:
            tasks, files = connection.recv()
        except EOFError:
            return
        for task in tasks:
            kind, tried = task.page_id // 100, folder / f"tried-{task.page_id}"
            if kind == 1 or (kind == 2 and not tried.exists()):
                tried.touch()
                os.kill(os.getpid(), 9)
            if kind == 3:
                time.sleep(60)
            if kind == 4:
                connection.send(ProgramBroken("program_missing", ("không có", "missing")))
                continue
            assert files[task.sha256] == task.sha256.encode()
            answer = PageResult(task.page_id, reason="blurred") if kind == 5 else PageResult(task.page_id, PageReading(None, 0.0, (), ()))
            connection.send(answer)
        connection.send(("end", 10**12 if sys.argv[3] == "swells" else memory_bytes()))


if __name__ == "__main__":
    main()
